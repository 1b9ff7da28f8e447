/**
 * From stored pairs to what the student is trained against: a dense row of probabilities, the
 * classes that were not stored filled in by one of three rules (paper section 3.3; `zero` is the
 * published default).
 */
import { halfValues } from './half';
import type { LogitTable } from './logit-table';

/** `lastMean`: smallest stored probability / (classes − K). `lastHalf`: smallest / 2. */
export type UnseenFill = 'zero' | 'lastMean' | 'lastHalf';

/**
 * Writes the targets of one row, float32 [classes], to `out` from `offset` on.
 * @param topK how many of the stored pairs count, from the most probable down; the rest is unseen
 * @throws RangeError when more pairs are asked for than stored, or a stored class is not below
 *   `classes`
 */
export function writeTargets(
  table: LogitTable,
  row: number,
  classes: number,
  unseenFill: UnseenFill,
  topK: number,
  out: Float32Array,
  offset: number,
): void {
  if (topK < 1 || topK > table.topK)
    throw new RangeError(`${topK} pairs asked for, ${table.topK} stored`);
  const base = row * table.topK;
  const smallest = halfValues[table.values[base + topK - 1]!]!;
  out.fill(unseenValue(unseenFill, smallest, classes - topK), offset, offset + classes);
  for (let rank = 0; rank < topK; rank++) {
    const index = table.indexes[base + rank]!;
    if (index >= classes)
      throw new RangeError(`row ${row} of the logits names class ${index} of ${classes}`);
    out[offset + index] = halfValues[table.values[base + rank]!]!;
  }
}

function unseenValue(fill: UnseenFill, smallest: number, unseen: number): number {
  switch (fill) {
    case 'zero':
      return 0;
    case 'lastMean':
      return unseen === 0 ? 0 : smallest / unseen;
    case 'lastHalf':
      return smallest / 2;
  }
}
