/** Sections of the page that compares two runs. */
import { html, type Html } from './html';
import {
  formatCount,
  formatDifference,
  formatHours,
  formatParameters,
  formatScore,
  formatSeconds,
} from './number-format';
import { table } from './report-parts';
import type { Section } from './report-section';
import type { ModelComparison, RunComparison } from './run-comparison';

/** Classes that are listed. */
const MOST_LISTED = 20;

export function mostMoved(classes: RunComparison['classes']): RunComparison['classes'] {
  return classes.filter(({ difference }) => difference !== 0).slice(0, MOST_LISTED);
}

export function comparisonSections(comparison: RunComparison): Section[] {
  const { classes } = comparison;
  return [
    modelsSection(comparison),
    ...(classes.length === 0 ? [] : [classesSection(classes)]),
    costSection(comparison),
  ];
}

function modelsSection({ models }: RunComparison): Section {
  const rows = models.map(
    ({ role, name, parameters, mAP, difference }) =>
      html`<tr class="${role}">
        <th scope="row">${name}<small>${role}</small></th>
        <td data-head="Parameters before">${parametersText(parameters[0])}</td>
        <td data-head="after">${parametersText(parameters[1])}</td>
        <td data-head="Eval mAP before">${formatScore(mAP[0])}</td>
        <td data-head="after">${formatScore(mAP[1])}</td>
        <td data-head="Difference">
          ${formatDifference(difference?.mean ?? plainDifference(mAP))}
          <small>${intervalText(difference)}</small>
        </td>
      </tr>`,
  );
  return {
    id: 'models',
    title: 'Models',
    note:
      'The interval of 95 % is over the classes that both runs scored: how far another choice of ' +
      'classes like these would move the difference. Runs on different eval clips cannot be ' +
      'compared by it.',
    content: table(
      ['Model', 'Parameters before', 'after', 'Eval mAP before', 'after', 'Difference'],
      rows,
      'models stacked',
    ),
  };
}

function classesSection(classes: RunComparison['classes']): Section {
  const rows = mostMoved(classes).map(
    ({ name, precision, difference }) =>
      html`<tr>
        <th scope="row">${name}</th>
        <td>${formatScore(precision[0])}</td>
        <td>${formatScore(precision[1])}</td>
        <td class="${difference < 0 ? 'loss' : 'gain'}">${formatDifference(difference)}</td>
      </tr>`,
  );
  return {
    id: 'classes',
    title: 'Classes that moved most',
    note:
      `Average precision by the best student of each run, ${formatCount(rows.length)} of ` +
      `${formatCount(classes.length)} classes.`,
    content: table(['Class', 'before', 'after', 'Difference'], rows),
  };
}

function costSection({ cost, seconds }: RunComparison): Section {
  const row = (name: string, values: readonly (string | Html)[]): Html =>
    html`<tr>
      <th scope="row">${name}</th>
      ${values.map((value) => html`<td>${value}</td>`)}
    </tr>`;
  const ofCost = (field: 'seconds' | 'cpuSeconds' | 'gpuSeconds', format: typeof formatSeconds) =>
    cost.map((each) => (each ? format(each[field]) : 'not known'));
  return {
    id: 'cost',
    title: 'Cost',
    note: 'Of all attempts in all runs that made what was published.',
    content: table(
      ['', 'before', 'after'],
      [
        row('At work', ofCost('seconds', formatSeconds)),
        row('CPU hours', ofCost('cpuSeconds', formatHours)),
        row('GPU hours', ofCost('gpuSeconds', formatHours)),
        row('Time of the run itself', seconds.map(formatSeconds)),
      ],
    ),
  };
}

function parametersText(parameters: number | null): string {
  return parameters === null ? '–' : formatParameters(parameters);
}

/** Where the classes are not known. */
export function plainDifference([before, after]: ModelComparison['mAP']): number | null {
  return before === null || after === null ? null : after - before;
}

export function intervalText(difference: ModelComparison['difference']): string {
  if (!difference || !Number.isFinite(difference.low)) return '';
  const { low, high } = difference;
  return `${formatDifference(low)} to ${formatDifference(high)}`;
}
