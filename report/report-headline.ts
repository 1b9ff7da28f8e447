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
  value: string | Html;
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
  if (clips && student.mAP !== null)
    return (
      `The student ${student.name} reaches mAP ${formatScore(student.mAP)} on ${clips}, ` +
      `with ${size}.`
    );
  return (
    `The student ${student.name} is trained, with ${size}. ` +
    (clips ? `It has no score on the ${clips}.` : 'There is no eval split to score it on.')
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
    } else if (student.mAP !== null)
      tiles.push({ label: 'Eval mAP', value: formatScore(student.mAP), detail: student.name });
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
  const seconds = formatSeconds(cost.seconds);
  return {
    label: 'Cost',
    value:
      runs.length === 0 ? 'not known' : others > 0 ? html`<a href="#cost">${seconds}</a>` : seconds,
    detail: [
      ...(runs.length === 0 ? [] : [slowestStage(cost.stages) ?? 'no stage has a time']),
      ...(runs.length > 1 ? [`in ${formatCount(runs.length)} runs`] : []),
      ...(runs.length === 1 && others === 1 ? ['in another run'] : []),
      `this run: ${formatSeconds(elapsed)}` +
        (isMaker ? (others > 0 ? ', the rest found' : '') : ', all found'),
      ...(unknown > 0 ? [unknownText(unknown)] : []),
    ].join('; '),
  };
}

function unknownText(results: number): string {
  const noun = results === 1 ? 'result' : 'results';
  return `${formatCount(results)} ${noun} found whose cost is not known`;
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

function fewerThanTeachers(data: ReportData, { name, parameters }: ReportModel): string {
  const [largest, together] = [largestTeacher(data), sumOfParameters(data.result.teachers)];
  if (data.result.teachers.length === 0) return name;
  if (largest === null || together === null || parameters === null)
    return 'a teacher does not tell how many it has';
  return (
    `${comparedWith(largest, parameters)} the largest teacher, ` +
    `${comparedWith(together, parameters)} all`
  );
}

/** `3.8× fewer than`, `1.3× more than` */
function comparedWith(others: number, own: number): string {
  const fewer = (others / own).toFixed(1);
  if (fewer === '1.0') return 'about as many as';
  return others > own ? `${fewer}× fewer than` : `${(own / others).toFixed(1)}× more than`;
}

/** null without teachers, and unless all are known. */
function largestTeacher({ result: { teachers } }: ReportData): number | null {
  if (teachers.length === 0 || sumOfParameters(teachers) === null) return null;
  return Math.max(...teachers.map(({ parameters }) => parameters ?? 0));
}
