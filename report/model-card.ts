/**
 * A student's model card, `README.md` beside its weights, in the form that Hugging Face reads. It
 * states what the run knows: data, teachers, scores, speed, how to load it. What no run can know,
 * the licences of audio, teachers and weights, is left as fields to fill in. A model's folder never
 * changes, so the card is that of the first run that publishes the model.
 */
import type { PublishInput, RunResult } from '../workflows/contract/activities';
import { formatCount, formatParameters, formatScore } from './number-format';
import type { SplitSummary } from './run-corpus';

type ResultStudent = RunResult['students'][number];

/** @param evalClips null where the run has no eval split */
export function modelCard(
  input: Pick<PublishInput, 'run' | 'workflowRunId' | 'kind' | 'runFile'>,
  result: Pick<RunResult, 'teachers' | 'ensemble' | 'logits'>,
  student: ResultStudent,
  { splits, evalClips }: { splits: readonly SplitSummary[]; evalClips: number | null },
): string {
  return `${frontMatter(input.run, student, evalClips)}
# ${student.name}

A CED audio tagger of ${formatParameters(student.parameters)} parameters, ${
    input.kind === 'distill'
      ? 'distilled without labels from an ensemble of teachers by [Consistent Ensemble Distillation](https://arxiv.org/abs/2308.11957)'
      : 'trained from labels'
  }, in run \`${input.run}\` (\`${input.workflowRunId}\`). SHA-256 of the weights: \`${student.sha256}\`.

## Scores

${table(
  ['model', 'parameters', 'eval mAP'],
  [
    [`**${student.name}**`, formatParameters(student.parameters), formatScore(student.mAP)],
    ...(result.teachers.length === 0
      ? []
      : [
          [
            'ensemble',
            formatParameters(result.teachers.reduce((sum, { parameters }) => sum + parameters, 0)),
            formatScore(result.ensemble.mAP),
          ],
        ]),
    ...result.teachers.map(({ name, parameters, mAP }) => [
      `teacher ${name}`,
      formatParameters(parameters),
      formatScore(mAP),
    ]),
  ],
)}

${evalClips === null ? 'The run had no eval split.' : `Macro mean average precision on ${formatCount(evalClips)} eval clips that picked nothing.`}${agreementLine(student)}

${latencyLine(student)}

## Data

${table(
  ['split', 'clips', 'hours'],
  splits.map(({ split, clips, samples }) => [
    split,
    formatCount(clips),
    (samples / 16_000 / 3600).toFixed(2),
  ]),
)}

${result.logits === null ? '' : `Learnt from ${formatCount(result.logits.rows)} stored views (${formatCount(result.logits.views)} a chunk), logits \`${result.logits.key}\`.\n`}
## Licence

| of | licence |
| --- | --- |
| these weights | not stated: fill in, and \`license\` above |
| the training audio | not stated |
${result.teachers.map(({ name }) => `| teacher ${name} | not stated |\n`).join('')}
## Use

    npx ced tag recording.wav --model FOLDER
    npx ced export --model FOLDER --to onnx --out ${student.name}.onnx

The folder has the layout of the published CED checkpoints: \`CedForAudioClassification.from_pretrained(FOLDER)\` of the published code loads it.

## The run

\`\`\`json
${JSON.stringify(input.runFile, null, 2)}
\`\`\`
`;
}

function frontMatter(run: string, { name, mAP }: ResultStudent, evalClips: number | null): string {
  const lines = [
    '---',
    'license: unknown',
    'pipeline_tag: audio-classification',
    'tags: [audio-tagging, ced]',
  ];
  if (mAP !== null && evalClips !== null)
    lines.push(
      'model-index:',
      `  - name: ${JSON.stringify(name)}`,
      '    results:',
      '      - task: { type: audio-classification }',
      `        dataset: { type: ${JSON.stringify(run)}, name: ${JSON.stringify(`${run}, eval`)} }`,
      `        metrics: [{ type: mAP, value: ${mAP} }]`,
    );
  return [...lines, '---', ''].join('\n');
}

function agreementLine({ agreement }: ResultStudent): string {
  return agreement
    ? ` It names the same most probable class as its ensemble on ${(100 * agreement.topMatch).toFixed(1)} % of them.`
    : '';
}

function latencyLine({ latency }: ResultStudent): string {
  if (!latency) return 'Its speed was not measured.';
  const { milliseconds, audioSeconds, realTimeFactor, processor } = latency;
  return `On one core (${processor}), as ONNX in onnxruntime, ${milliseconds.toPrecision(3)} ms for ${audioSeconds} s of audio: real-time factor ${realTimeFactor.toPrecision(2)}.`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
