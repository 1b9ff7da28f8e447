/** A comparison of two runs as text. */
import { evalNote, intervalText, meanDifference, mostMoved } from '../../report/report-comparison';
import {
  formatCount,
  formatDifference,
  formatParameters,
  formatScore,
} from '../../report/number-format';
import type { RunComparison } from '../../report/run-comparison';
import { wrapText } from '../../infra/wrap-text';
import { alignedTable } from '../aligned-table';

export function comparisonText(comparison: RunComparison): string {
  const { runs, models, classes, cost, seconds } = comparison;
  const [before, after] = titles(runs);
  const pair = <T>([one, other]: [T, T], format: (value: T) => string): string =>
    format(one) === format(other) ? format(one) : `${format(one)} → ${format(other)}`;
  const minutes = (value: number | null | undefined): string =>
    value == null ? 'not known' : `${(value / 60).toFixed(1)} min`;
  const modelRows = models.map((model) => [
    model.role === 'ensemble' ? model.role : `${model.role} ${model.name}`,
    pair(model.parameters, (value) => (value === null ? '–' : formatParameters(value))),
    pair(model.mAP, (value) => formatScore(value)),
    formatDifference(meanDifference(comparison, model)),
    intervalText(model.difference),
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
    wrapText(evalNote(comparison)),
    '',
    ...(classes.length === 0
      ? [`classes  ${withoutClasses(comparison)}`]
      : classRows.length === 0
        ? [`classes  the best students are alike in all ${formatCount(classes.length)}`]
        : alignedTable([['class', 'best student', 'difference'], ...classRows], isNumber)),
    '',
    `cost      ${pair(cost, (each) => minutes(each?.seconds))} of work`,
    `this run  ${pair(seconds, minutes)}`,
  ].join('\n');
}

function withoutClasses({ sameEval }: RunComparison): string {
  if (sameEval === null)
    return 'not known: an earlier version published a run, or eval has no labels';
  return sameEval ? 'not known: eval has no labels' : 'none that both runs scored';
}

/** Two runs of one name are told apart by their places. */
function titles(runs: RunComparison['runs']): [before: string, after: string] {
  const [before, after] = runs;
  const isAlike = before.workflowId === after.workflowId;
  const title = ({ workflowId, place }: RunComparison['runs'][number]): string =>
    isAlike ? `${workflowId} (${place})` : workflowId;
  return [title(before), title(after)];
}
