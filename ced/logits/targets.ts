/**
 * From stored pairs to what the student is trained against: a dense row of probabilities, the
 * classes that were not stored filled in by one of three rules (paper section 3.3; `zero` is the
 * published default).
 */
import { halfValues } from './half';
import { createLogitTable, type LogitTable } from './logit-table';
import { topK } from './top-k';

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

/**
 * What a student would be trained against if these rows were stored with K pairs each.
 * @param probabilities float32 [rows, classes]
 * @returns float32 [rows, classes]
 */
export function storedTargetsOf(
  probabilities: Float32Array,
  classes: number,
  unseenFill: UnseenFill,
  k: number,
): Float32Array {
  const targets = new Float32Array(probabilities.length);
  const table = createLogitTable(1, k);
  for (let at = 0; at < probabilities.length; at += classes) {
    const { indexes, values } = topK(probabilities.subarray(at, at + classes), k);
    table.indexes.set(indexes);
    table.values.set(values);
    writeTargets(table, 0, classes, unseenFill, k, targets, at);
  }
  return targets;
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
