/** All models side by side: size, scores, speed, training. */
import { startingPoint } from './starting-point';
import { html, type Html } from './html';
import {
  formatCount,
  formatParameters,
  formatPercent,
  formatScore,
  formatSeconds,
} from './number-format';
import type { ReportData, ReportModel } from './report-data';
import { shareOfEnsemble } from './report-headline';
import type { Section } from './report-section';
import { bar, dot, modelColour, table } from './report-parts';
import { isStable, realTimeFactor } from '../ced/metrics/latency';

export function modelsSection(data: ReportData): Section {
  const isTeach = data.kind === 'teach';
  const largestMAP = Math.max(0, ...data.models.map(({ mAP }) => mAP ?? 0));
  const largestParameters = Math.max(0, ...data.models.map(({ parameters }) => parameters ?? 0));
  const timed = data.models.some(({ latency }) => latency != null);
  const rows = data.models.map((model) => {
    const colour = modelColour(data, model);
    // A phone leaves out cells that are empty, down to the last blank.
    const share = model.role === 'ensemble' ? null : formatPercent(shareOfEnsemble(data, model));
    return html`<tr class="${model.role}">
      <th scope="row">${dot(colour)}${model.name}<small>${describe(model, isTeach)}</small></th>
      <td class="bar" data-head="Eval mAP">${scoreCell(model, largestMAP, colour)}</td>
      <td class="bar" data-head="Parameters">${sizeCell(model, largestParameters, colour)}</td>
      ${
        isTeach
          ? null
          : html`<td data-head="Share of ensemble">${share}</td>
              <td data-head="Same top class">${agreementCell(model)}</td>`
      }
      ${timed ? html`<td data-head="Time per chunk">${latencyCell(model)}</td>` : null}
      <td data-head="Training">${trainedCell(model)}</td>
    </tr>`;
  });
  return {
    id: 'models',
    title: 'Models',
    note: note(data),
    content: table(
      [
        'Model',
        { left: 'Eval mAP' },
        { left: 'Parameters' },
        ...(isTeach ? [] : ['Share of ensemble', 'Same top class']),
        timed ? 'Time per chunk, one core' : null,
        'Training',
      ],
      rows,
      'models stacked',
    ),
  };
}

function note({ evalClips, classes, models }: ReportData): string {
  if (evalClips === null) return 'The run file names no eval split, so no model is scored.';
  if (classes.length === 0)
    return (
      `Eval has ${formatCount(evalClips)} clips without labels: only agreement with the ensemble ` +
      'can be measured.'
    );
  const scored = classes.filter(({ positives }) => positives > 0).length;
  const ensemble = models.some(({ role }) => role === 'ensemble')
    ? ' The ensemble is scored on its full outputs, not on the stored top-K.'
    : '';
  return (
    `Macro mean average precision over ${formatCount(scored)} classes on ` +
    `${formatCount(evalClips)} held-out eval clips.${ensemble}${timeNote(models)}`
  );
}

function timeNote(models: readonly ReportModel[]): string {
  const timed = models.flatMap(({ latency }) => latency ?? []);
  const [first] = timed;
  if (!first) return '';
  if (timed.some(({ spread }) => !spread))
    return (
      ' Times are of models measured one by one, each under another load of the machine: small ' +
      'differences say nothing.'
    );
  const rounds = formatCount(first.spread?.rounds ?? 0);
  return (
    ` Times are of ${first.processor}: the models took turns, and each time is the median of ` +
    `${rounds} rounds with the fastest and the slowest.` +
    (timed.some(({ milliseconds, spread }) => spread && !isStable(milliseconds, spread.low))
      ? ' They were not stable by then: small differences say nothing.'
      : '')
  );
}

function describe(model: ReportModel, isTeach: boolean): string {
  if (model.role === 'teacher') {
    const lacks =
      model.missing === undefined
        ? ''
        : `, abstains from ${formatCount(model.missing)} classes: its mAP is over the others`;
    return `teacher, weight ${formatPercent(model.weight)}${lacks}`;
  }
  if (model.role === 'ensemble') return 'weighted mean of the teachers';
  return isTeach ? 'trained from labels' : 'student';
}

function scoreCell({ mAP }: ReportModel, largestMAP: number, colour: string): string | Html {
  if (mAP === null) return formatScore(null);
  return bar(formatScore(mAP), largestMAP === 0 ? 0 : mAP / largestMAP, colour);
}

function sizeCell({ parameters }: ReportModel, largest: number, colour: string): string | Html {
  if (parameters === null) return formatParameters(null);
  return bar(formatParameters(parameters), parameters / largest, colour);
}

function agreementCell({ agreement }: ReportModel): Html | null {
  return (
    agreement &&
    html`${formatPercent(agreement.topMatch)}<small
        >divergence ${formatScore(agreement.divergence, 4)}</small
      >`
  );
}

function latencyCell({ latency }: ReportModel): Html | null {
  if (!latency) return null;
  const { milliseconds, audioSeconds, spread } = latency;
  const factor = `${realTimeFactor(latency).toPrecision(2)} of its ${audioSeconds}\u00a0s`;
  const range = spread && `${spread.low.toPrecision(3)} to ${spread.high.toPrecision(3)}\u00a0ms`;
  return html`${milliseconds.toPrecision(3)} ms<small>${factor}</small>
    ${range && html`<small>${range}</small>`}`;
}

function trainedCell({ trained }: ReportModel): Html | null {
  if (!trained) return null;
  const { epochs, seconds, resumedAtStep = 0, validationMAP, validationDivergence } = trained;
  const validation =
    validationMAP !== null
      ? `, validation mAP ${formatScore(validationMAP)}`
      : validationDivergence !== undefined
        ? `, validation divergence ${formatScore(validationDivergence, 4)}`
        : '';
  const since = resumedAtStep === 0 ? '' : ` from step ${formatCount(resumedAtStep)} on`;
  const started = trained.startedFrom ? startingPoint(trained.startedFrom) : null;
  return html`${formatCount(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'},
    ${formatSeconds(seconds)}${since}<small>best epoch ${trained.bestEpoch}${validation}</small
    >${started && html`<small>${started}</small>`}`;
}
