/**
 * Which chunks share a batch. No chunk is padded to another's length: models predict each at its
 * own length, or at its whole patches, which is the same. Batches depend on the lengths and their
 * order alone, so one corpus has one set of batches.
 */
import { frameCount, wholePatches } from '../audio/frames';

export interface LengthBatch {
  /** Positions in the list of lengths, in its order. */
  readonly items: readonly number[];
  /** Samples of the longest item. */
  readonly samples: number;
  /**
   * Whether every item has that length, as a rule of its group: functions for the very length pay.
   */
  readonly isOneLength: boolean;
}

/**
 * What the items of a batch have in common. `patches`: the number of whole patches, but the length
 * that most items have (the chunk length of most corpora) forms batches of its own. `samples`: the
 * length itself.
 */
export type LengthGrouping = 'patches' | 'samples';

/**
 * Batches of `size` items, in the order in which they are full; then those that are not, shortest
 * chunks first.
 * @param lengths samples of each item
 */
export function planBatches(
  lengths: ArrayLike<number>,
  size: number,
  grouping: LengthGrouping,
): LengthBatch[] {
  const usual = grouping === 'patches' ? lengthOfMost(lengths) : null;
  const filling = new Map<string, { items: number[]; samples: number; isOneLength: boolean }>();
  const full: LengthBatch[] = [];
  for (let item = 0; item < lengths.length; item++) {
    const samples = lengths[item]!;
    const isOneLength = grouping === 'samples' || samples === usual;
    const key = isOneLength ? `${samples} samples` : `${wholePatches(frameCount(samples))} patches`;
    const batch = filling.get(key) ?? { items: [], samples: 0, isOneLength };
    filling.set(key, batch);
    batch.items.push(item);
    batch.samples = Math.max(batch.samples, samples);
    if (batch.items.length < size) continue;
    full.push(batch);
    filling.delete(key);
  }
  return [...full, ...[...filling.values()].sort((a, b) => a.samples - b.samples)];
}

/** The length of more than half of the items, if there is one. */
function lengthOfMost(lengths: ArrayLike<number>): number | null {
  const counts = new Map<number, number>();
  for (let item = 0; item < lengths.length; item++)
    counts.set(lengths[item]!, (counts.get(lengths[item]!) ?? 0) + 1);
  for (const [length, count] of counts) if (2 * count > lengths.length) return length;
  return null;
}
