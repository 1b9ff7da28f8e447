/** The top of the report: the run's name, its outcome in one sentence, and four numbers. */
import { html, type Html } from './html';
import {
  formatBytes,
  formatCount,
  formatParameters,
  formatPercent,
  formatScore,
  formatSeconds,
} from './number-format';
import { sumOfParameters } from '../ced/teachers/known-parameters';
import { bestStudent, type ReportData, type ReportModel } from './report-data';
import type { RunResult } from '../workflows/contract/activities';

interface Tile {
  label: string;
  value: string;
  detail: string;
}

export function headline(data: ReportData): Html {
  const tiles = (data.kind === 'distill' ? distillTiles(data) : teachTiles(data)).concat(
    costTile(data),
  );
  return html`<header>
    <p class="kicker">
      ${data.kind === 'distill' ? 'Consistent ensemble distillation' : 'Teachers from labels'}
    </p>
    <h1>${data.result.run}</h1>
    <p class="lead">${lead(data)}</p>
    <dl class="tiles">
      ${tiles.map(
        ({ label, value, detail }) =>
          html`<div>
            <dt>${label}</dt>
            <dd>${value}</dd>
            <dd class="detail">${detail}</dd>
          </div>`,
      )}
    </dl>
  </header>`;
}

function lead(data: ReportData): string {
  const student = bestStudent(data);
  const clips = data.evalClips === null ? null : `${formatCount(data.evalClips)} eval clips`;
  if (!student) return 'No model was trained.';
  if (data.kind === 'teach')
    return clips && student.mAP !== null
      ? `${student.name} reaches mAP ${formatScore(student.mAP)} on ${clips}.`
      : `${student.name} is trained.`;
  const size = sizeBesideTeachers(data, student);
  const share = shareOfEnsemble(data, student);
  if (share !== null)
    return (
      `The student ${student.name} keeps ${formatPercent(share)} of its ensemble's mAP ` +
      `on ${clips ?? ''} with ${size}.`
    );
  if (student.agreement)
    return (
      `The student ${student.name} and its ensemble agree on the most probable class of ` +
      `${formatPercent(student.agreement.topMatch)} of ${clips ?? ''}. It has ${size}.`
    );
  return (
    `The student ${student.name} is trained, with ${size}. ` +
    'There is no eval split to score it on.'
  );
}

function distillTiles(data: ReportData): Tile[] {
  const { logits } = data.result;
  const student = bestStudent(data);
  const tiles: Tile[] = [];
  if (student) {
    const share = shareOfEnsemble(data, student);
    if (share !== null) {
      tiles.push({
        label: 'Share of the ensemble’s mAP',
        value: formatPercent(share),
        detail: `${formatScore(student.mAP)} of ${formatScore(data.result.ensemble.mAP)}`,
      });
    } else if (student.agreement) {
      const divergence = formatScore(student.agreement.divergence, 4);
      tiles.push({
        label: 'Agreement with the ensemble',
        value: formatPercent(student.agreement.topMatch),
        detail: `divergence ${divergence} nats; eval has no labels`,
      });
    }
    tiles.push({
      label: 'Parameters',
      value: formatParameters(student.parameters),
      detail: fewerThanTeachers(data, student),
    });
  }
  if (logits) {
    const { bytes, pcmBytes, views } = logits;
    const shareOfAudio = formatPercent(pcmBytes === 0 ? null : bytes / pcmBytes);
    tiles.push({
      label: 'Stored logits',
      value: formatBytes(bytes),
      detail:
        `${shareOfAudio} of the audio’s ${formatBytes(pcmBytes)} PCM, ` +
        `${formatCount(views)} views`,
    });
  }
  return tiles;
}

function teachTiles(data: ReportData): Tile[] {
  const best = bestStudent(data);
  const train = data.splits.find(({ split }) => split === 'train');
  return [
    ...(best?.mAP == null
      ? []
      : [{ label: 'Best eval mAP', value: formatScore(best.mAP), detail: best.name }]),
    ...(best
      ? [{ label: 'Parameters', value: formatParameters(best.parameters), detail: best.name }]
      : []),
    ...(train
      ? [
          {
            label: 'Training clips',
            value: formatCount(train.clips),
            detail: `${formatSeconds(train.samples / 16_000)} of audio`,
          },
        ]
      : []),
  ];
}

/** All the work in what is published, whichever runs did it; beside it this run's own time. */
function costTile({ result, workflowRunId }: ReportData): Tile {
  const { cost, stages } = result;
  const elapsed = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  if (!cost)
    return {
      label: 'Time',
      value: formatSeconds(elapsed),
      detail: slowestStage(stages) ?? 'no stage has a time',
    };
  const { runs, unknown = 0 } = cost;
  const isMaker = runs.some((run) => run.workflowRunId === workflowRunId);
  const others = runs.length - (isMaker ? 1 : 0);
  return {
    label: 'Cost',
    value: runs.length === 0 ? 'not known' : formatSeconds(cost.seconds),
    detail: [
      ...(runs.length === 0 ? [] : [slowestStage(cost.stages) ?? 'no stage has a time']),
      ...(runs.length > 1 ? [`in ${formatCount(runs.length)} runs`] : []),
      `this run: ${formatSeconds(elapsed)}` +
        (isMaker ? (others > 0 ? ', the rest found' : '') : ', all found'),
      ...(unknown > 0 ? [`${formatCount(unknown)} results found whose cost is not known`] : []),
    ].join('; '),
  };
}

function slowestStage(stages: RunResult['stages']): string | null {
  const [slowest] = stages.toSorted((a, b) => b.seconds - a.seconds);
  return slowest ? `most of it in ${slowest.name}: ${formatSeconds(slowest.seconds)}` : null;
}

export function shareOfEnsemble(
  { result }: Pick<ReportData, 'result'>,
  model: ReportModel,
): number | null {
  return model.mAP === null || !result.ensemble.mAP ? null : model.mAP / result.ensemble.mAP;
}

function sizeBesideTeachers(data: ReportData, { parameters }: ReportModel): string {
  const largest = largestTeacher(data);
  if (largest === null || parameters === null) return `${formatParameters(parameters)} parameters`;
  return `${formatPercent(parameters / largest)} of the largest teacher's parameters`;
}

function fewerThanTeachers(data: ReportData, { parameters }: ReportModel): string {
  const [largest, together] = [largestTeacher(data), sumOfParameters(data.result.teachers)];
  if (largest === null || together === null || parameters === null)
    return 'a teacher does not tell how many it has';
  return (
    `${(largest / parameters).toFixed(1)}× fewer than the largest teacher, ` +
    `${(together / parameters).toFixed(1)}× fewer than all`
  );
}

/** null unless all are known. */
function largestTeacher({ result }: ReportData): number | null {
  if (sumOfParameters(result.teachers) === null) return null;
  return Math.max(...result.teachers.map(({ parameters }) => parameters ?? 0));
}
