/**
 * A student's model card, `README.md` beside its weights, in the form that Hugging Face reads:
 * data, teachers, scores, speed, how to load it. Licences of audio, teachers and weights are not
 * known to a run and are left as fields to fill in. A model's folder never changes, so the card is
 * that of the first run that publishes the model.
 */
import type { PublishInput, RunResult } from '../workflows/contract/activities';
import {
  formatCount,
  formatParameters,
  formatPercent,
  formatScore,
  formatThreshold,
} from './number-format';
import type { SplitSummary } from './run-corpus';
import type { TagScores } from '../ced/metrics/tag-scores';
import { knownParameters, sumOfParameters } from '../ced/teachers/known-parameters';
import { chosenThresholds, type Thresholds } from '../ced/metrics/thresholds';
import { startingPoint } from './starting-point';

type ResultStudent = RunResult['students'][number];
type CardInput = Pick<PublishInput, 'run' | 'workflowRunId' | 'kind' | 'runFile' | 'students'>;

interface CardFindings {
  splits: readonly SplitSummary[];
  /** null where the run has no eval split. */
  evalClips: number | null;
  /** Of the model; null where it has none. */
  thresholds: Thresholds | null;
  /** On eval; null without labels. */
  tags: TagScores | null;
}

export function modelCard(
  input: CardInput,
  result: Pick<RunResult, 'teachers' | 'ensemble' | 'logits'>,
  student: ResultStudent,
  { splits, evalClips, thresholds, tags }: CardFindings,
): string {
  // The models of `teach` are its students too.
  const teachers = input.kind === 'teach' ? [] : result.teachers;
  return `${frontMatter(input.run, student, evalClips)}
# ${student.name}

${introduction(input, student)}

## Scores

${table(
  ['model', 'parameters', 'eval mAP'],
  [
    [`**${student.name}**`, formatParameters(student.parameters), formatScore(student.mAP)],
    ...(teachers.length === 0
      ? []
      : [
          [
            'ensemble',
            formatParameters(sumOfParameters(teachers)),
            formatScore(result.ensemble.mAP),
          ],
        ]),
    ...teachers.map(({ name, parameters, mAP }) => [
      `teacher ${name}`,
      formatParameters(knownParameters(parameters)),
      formatScore(mAP),
    ]),
  ],
)}

${scoreNote(student, evalClips)}

${latencyNote(student)}

## Thresholds

${thresholdNote(thresholds, tags)}

## Data

${table(
  ['split', 'clips', 'hours'],
  splits.map(({ split, clips, samples }) => [
    split,
    formatCount(clips),
    (samples / 16_000 / 3600).toFixed(2),
  ]),
)}

${logitsNote(result)}
## Licence

| part | licence |
| --- | --- |
| these weights | not stated: fill in here and in \`license\` above |
| the training audio | not stated |
${teachers.map(({ name }) => `| teacher ${name} | not stated |\n`).join('')}
## Use

    npx ced tag recording.wav --model FOLDER

For other programs: an ONNX file with the front end inside; folders for Python's transformers and
transformers.js, and for sherpa-onnx; a web page that tags in the browser; a LiteRT file.

    npx ced export --model FOLDER --to onnx --out ${student.name}.onnx
    npx ced export --model FOLDER --to transformers --out ${student.name}-transformers
    npx ced export --model FOLDER --to sherpa --out ${student.name}-sherpa
    npx ced export --model FOLDER --to web --out ${student.name}-web
    npx ced export --model FOLDER --to tflite --out ${student.name}.tflite

The folder has the layout of the published CED checkpoints:
\`CedForAudioClassification.from_pretrained(FOLDER)\` of the published code loads it.

## The run

\`\`\`json
${JSON.stringify(input.runFile, null, 2)}
\`\`\`
`;
}

function introduction(
  { kind, run, workflowRunId, students }: CardInput,
  { name, parameters, sha256 }: ResultStudent,
): string {
  const method =
    kind === 'distill'
      ? 'distilled without labels from an ensemble of teachers by ' +
        '[Consistent Ensemble Distillation](https://arxiv.org/abs/2308.11957)'
      : 'trained from labels';
  const start = students.find((trained) => trained.name === name)?.startedFrom;
  return (
    `A CED audio tagger of ${formatParameters(parameters)} parameters, ${method}, in run ` +
    `\`${run}\` (\`${workflowRunId}\`). SHA-256 of the weights: \`${sha256}\`.` +
    (start ? ` It ${startingPoint(start)}.` : '')
  );
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

function scoreNote({ agreement }: ResultStudent, evalClips: number | null): string {
  if (evalClips === null) return 'The run had no eval split.';
  const scored = `Macro mean average precision on ${formatCount(evalClips)} held-out eval clips.`;
  if (!agreement) return scored;
  const share = formatPercent(agreement.topMatch);
  return `${scored} Student and ensemble agree on the most probable class of ${share} of them.`;
}

function logitsNote({ logits, selection }: Pick<RunResult, 'logits' | 'selection'>): string {
  if (!logits) return '';
  const { rows, views, key, leftOut = 0 } = logits;
  const without =
    leftOut === 0
      ? ''
      : `${formatCount(leftOut)} chunks were left out, because a teacher gave nothing for them.\n`;
  const unselected =
    (selection?.clips ?? 0) === 0
      ? ''
      : `${formatCount(selection!.clips)} training clips were left out, as the activity ` +
        `${selection!.activity} chose.\n`;
  return (
    `Trained on ${formatCount(rows)} stored views (${formatCount(views)} per chunk), ` +
    `logits \`${key}\`.\n${without}${unselected}`
  );
}

function latencyNote({ latency }: ResultStudent): string {
  if (!latency) return 'Its speed was not measured.';
  const { milliseconds, audioSeconds, realTimeFactor, processor, spread } = latency;
  const range = spread
    ? ` (${spread.low.toPrecision(3)} to ${spread.high.toPrecision(3)} in ${spread.rounds} rounds)`
    : '';
  return (
    `On one core (${processor}), as ONNX in onnxruntime, ${milliseconds.toPrecision(3)} ms` +
    `${range} for ${audioSeconds} s of audio: real-time factor ${realTimeFactor.toPrecision(2)}.`
  );
}

/** Classes whose thresholds the card lists; thresholds.json has all. */
const CLASSES_LISTED = 100;

function thresholdNote(thresholds: Thresholds | null, tags: TagScores | null): string {
  if (!thresholds) return 'None: the training had no labelled validation clips.';
  const chosen = chosenThresholds(thresholds, 'bestF1');
  const rows = thresholds.classes.slice(0, CLASSES_LISTED).map(({ name, positives }, index) => {
    const score = tags?.atThresholds?.classes[index];
    return [
      name,
      formatThreshold(chosen[index] ?? null),
      formatCount(positives),
      formatPercent(score?.precision ?? null),
      formatPercent(score?.recall ?? null),
    ];
  });
  const more = thresholds.classes.length - rows.length;
  const error = tags
    ? ` Calibration error on eval: ${formatScore(tags.calibration.error, 4)}.`
    : '';
  return (
    'A class is present where its probability is the threshold or more. These have the best F1 ' +
    `on ${formatCount(thresholds.clips)} validation clips; \`thresholds.json\` has others, for ` +
    `stated precisions.${error}\n\n` +
    table(['class', 'threshold', 'validation clips', 'precision on eval', 'recall on eval'], rows) +
    (more > 0 ? `\n\n${formatCount(more)} more classes are in \`thresholds.json\`.` : '')
  );
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
