/** A comparison of two runs as text. */
import { intervalText, mostMoved, plainDifference } from '../../report/report-comparison';
import { formatDifference, formatParameters, formatScore } from '../../report/number-format';
import type { RunComparison } from '../../report/run-comparison';
import { alignedTable } from '../aligned-table';

export function comparisonText({ runs, models, classes, cost, seconds }: RunComparison): string {
  const [before, after] = runs.map(({ workflowId }) => workflowId);
  const pair = <T>([one, other]: [T, T], format: (value: T) => string): string =>
    format(one) === format(other) ? format(one) : `${format(one)} → ${format(other)}`;
  const minutes = (value: number | null | undefined): string =>
    value == null ? 'not known' : `${(value / 60).toFixed(1)} min`;
  const modelRows = models.map(({ role, name, parameters, mAP, difference }) => [
    role === 'ensemble' ? role : `${role} ${name}`,
    pair(parameters, (value) => (value === null ? '–' : formatParameters(value))),
    pair(mAP, (value) => formatScore(value)),
    formatDifference(difference?.mean ?? plainDifference(mAP)),
    intervalText(difference),
  ]);
  const classRows = mostMoved(classes).map(({ name, precision, difference }) => [
    name,
    pair(precision, (value) => formatScore(value)),
    formatDifference(difference),
  ]);
  const isNumber = (column: number): boolean => column > 0;
  return [
    `${after} compared with ${before}`,
    '',
    ...alignedTable(
      [['model', 'parameters', 'eval mAP', 'difference', '95 % over classes'], ...modelRows],
      isNumber,
    ),
    '',
    ...(classes.length === 0
      ? ['classes  not known: an earlier version published a run, or eval has no labels']
      : alignedTable([['class', 'best student', 'difference'], ...classRows], isNumber)),
    '',
    `cost      ${pair(cost, (each) => minutes(each?.seconds))} of work`,
    `this run  ${pair(seconds, minutes)}`,
  ].join('\n');
}
