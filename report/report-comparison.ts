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
import type { ComparedEval, ModelComparison, RunComparison } from './run-comparison';

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

function modelsSection(comparison: RunComparison): Section {
  const rows = comparison.models.map((model) => {
    const { role, name, parameters, mAP, difference } = model;
    return html`<tr class="${role}">
      <th scope="row">${name}<small>${role}</small></th>
      <td data-head="Parameters before">${parametersText(parameters[0])}</td>
      <td data-head="after">${parametersText(parameters[1])}</td>
      <td data-head="Eval mAP before">${formatScore(mAP[0])}</td>
      <td data-head="after">${formatScore(mAP[1])}</td>
      <td data-head="Difference">
        ${formatDifference(meanDifference(comparison, model))}
        <small>${intervalText(difference)}</small>
      </td>
    </tr>`;
  });
  return {
    id: 'models',
    title: 'Models',
    note: [
      evalNote(comparison),
      ...(comparison.models.some(({ difference }) => intervalText(difference) !== '')
        ? [
            'The interval of 95 % is over the classes that both runs scored: how far another ' +
              'choice of classes like these would move the difference.',
          ]
        : []),
    ].join(' '),
    content: table(
      ['Model', 'Parameters before', 'after', 'Eval mAP before', 'after', 'Difference'],
      rows,
      'models stacked',
    ),
  };
}

/** What both runs were scored on, and what a difference then says. */
export function evalNote({ eval: [before, after], sameEval, classes }: RunComparison): string {
  if (before === null || after === null)
    return (
      'An earlier version published one of the runs: whether both were scored on the same eval ' +
      'clips is not known.'
    );
  if (sameEval)
    return before.clips === 0
      ? 'Neither run has an eval split.'
      : `Both were scored on ${evalText(after)}.`;
  const common =
    classes.length === 0
      ? 'no class in common, so no difference is shown'
      : `with ${formatCount(classes.length)} classes in common: differences are over these, and ` +
        'of other clips, so they say little about the models';
  return (
    `Scored on different eval splits, ${evalText(before)} before and ${evalText(after)} after, ` +
    `${common}.`
  );
}

function evalText({ clips, classes }: ComparedEval): string {
  if (clips === 0) return 'no clips';
  return (
    `${formatCount(clips)} clips ` +
    (classes === 0 ? 'without labels' : `of ${formatCount(classes)} classes`)
  );
}

function classesSection(classes: RunComparison['classes']): Section {
  const moved = mostMoved(classes);
  if (moved.length === 0)
    return {
      id: 'classes',
      title: 'Classes that moved most',
      content: html`<p class="note">
        The best student of both runs has the same average precision in all
        ${formatCount(classes.length)} classes.
      </p>`,
    };
  const rows = moved.map(
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
    content: table(['Class', 'before', 'after', 'Difference'], rows, 'named'),
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

/** That of the mAPs where it is not known what they are over; none where no class is in common. */
export function meanDifference(
  { sameEval }: Pick<RunComparison, 'sameEval'>,
  { difference, mAP: [before, after] }: ModelComparison,
): number | null {
  if (difference) return difference.mean;
  return sameEval !== null || before === null || after === null ? null : after - before;
}

export function intervalText(difference: ModelComparison['difference']): string {
  const { low = null, high = null } = difference ?? {};
  if (low === null || high === null) return '';
  return `${formatDifference(low)} to ${formatDifference(high)}`;
}
