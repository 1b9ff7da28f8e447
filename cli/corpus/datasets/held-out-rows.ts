/** Rows of one table that name a clip for several splits: eval keeps it, then validation. */
import { counted } from '../../../ced/counted';
import type { Label } from '../../../ced/corpus/label-list';
import type { TableRow } from '../../../ced/corpus/table-row';
import { listed } from '../listed';
import type { NamedSplit } from './split-names';

const FIRST_HELD_OUT = ['eval', 'validation', 'dev', 'train', null] as const;

/**
 * @param splitOf the split that a row states
 * @param isSame whether labels are the same classes
 * @param notes receives how many clips are in several splits, and whose labels differ
 * @returns the rows, each with the split and the labels that count
 */
export function heldOutRows(
  rows: readonly TableRow[],
  table: string,
  splitOf: (row: TableRow) => NamedSplit | null,
  isSame: (labels: readonly Label[], others: readonly Label[]) => boolean,
  notes: string[],
): TableRow[] {
  const several: string[] = [];
  const differing: string[] = [];
  const kept = rows.map((row): TableRow => {
    if (!row.again) return row;
    const all = [row, ...row.again.map((again) => ({ ...row, ...again }))];
    const split = FIRST_HELD_OUT.find((each) => all.some((one) => splitOf(one) === each));
    const own = all.filter((one) => splitOf(one) === split);
    const labels = own.flatMap((one) => one.labels ?? []);
    if (own.length < all.length) several.push(row.clip);
    const differs = (one: TableRow): boolean =>
      !own.includes(one) && !!one.labels && !isSame(one.labels, labels);
    if (all.some(differs)) differing.push(row.clip);
    const isLabelled = own.some((one) => one.labels !== null);
    return { ...own[0]!, labels: isLabelled ? [...new Set(labels)] : null };
  });
  if (several.length > 0)
    notes.push(
      `${table}: ` +
        counted(several.length, 'clip is', 'clips are') +
        ' in several splits; eval keeps ' +
        `${several.length === 1 ? 'it' : 'them'}, else validation: ${listed(several)}` +
        (differing.length === 0
          ? ''
          : `; the rows of ${differing.length} of them have different labels, and those of the ` +
            `split that keeps it count: ${listed(differing)}`),
    );
  return kept;
}
