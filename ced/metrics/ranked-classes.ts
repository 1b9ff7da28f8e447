/**
 * Macro mAP of many draws of the same rows, as a bootstrap needs it: each class is ranked once, and
 * a draw is a walk through its ranking. The value is that of `meanAveragePrecision` on the rows of
 * the draw, up to rounding.
 */
import type { ScoredTable } from './mean-average-precision';

interface RankedClass {
  /** Rows from the highest score down. */
  order: Uint32Array;
  /** By rank: 1 for a positive row. */
  positive: Uint8Array;
  /** By rank: 1 where the next score is lower. */
  isLastOfTie: Uint8Array;
}

export class RankedClasses {
  private constructor(private readonly classes: readonly RankedClass[]) {}

  /** @param onClass awaited before every class; may throw to give up */
  static async of(
    { scores, targets, rows, classes }: Omit<ScoredTable, 'missing'>,
    onClass: () => Promise<void>,
  ): Promise<RankedClasses> {
    const ranked: RankedClass[] = [];
    for (let index = 0; index < classes; index++) {
      await onClass();
      const at = (table: ArrayLike<number>, row: number): number => table[row * classes + index]!;
      const column = Float64Array.from({ length: rows }, (_, row) => at(scores, row));
      const order = Uint32Array.from(column.keys()).sort((a, b) => column[b]! - column[a]!);
      ranked.push({
        order,
        positive: Uint8Array.from(order, (row) => (at(targets, row) ? 1 : 0)),
        isLastOfTie: Uint8Array.from(order, (row, rank) =>
          column[order[rank + 1] ?? -1] === column[row] ? 0 : 1,
        ),
      });
    }
    return new RankedClasses(ranked);
  }

  /**
   * @param counts [rows]: how often each row was drawn
   * @returns null where no class has a positive
   */
  meanAveragePrecision(counts: Uint32Array): number | null {
    let sum = 0;
    let defined = 0;
    for (const ranked of this.classes) {
      const value = averagePrecision(ranked, counts);
      if (value === null) continue;
      sum += value;
      defined++;
    }
    return defined === 0 ? null : sum / defined;
  }
}

/**
 * Statistic of a bootstrap over `rows`: the mAP of `other` less that of `one`. Of a draw without
 * any positive neither has a value.
 */
export function drawnGain(
  [one, other]: readonly [RankedClasses, RankedClasses],
  rows: number,
): (drawn: Uint32Array) => number {
  return (drawn) => {
    const counts = new Uint32Array(rows);
    for (const row of drawn) counts[row]!++;
    return (other.meanAveragePrecision(counts) ?? 0) - (one.meanAveragePrecision(counts) ?? 0);
  };
}

function averagePrecision(
  { order, positive, isLastOfTie }: RankedClass,
  counts: Uint32Array,
): number | null {
  let [sum, all, positives, before] = [0, 0, 0, 0];
  for (let rank = 0; rank < order.length; rank++) {
    const count = counts[order[rank]!]!;
    all += count;
    positives += count * positive[rank]!;
    if (isLastOfTie[rank] === 0 || positives === before) continue;
    sum += ((positives - before) * positives) / all;
    before = positives;
  }
  return positives === 0 ? null : sum / positives;
}
