/**
 * In which of the K column pairs a class is written. Sorted by probability, a class would wander from column to column between views of the
 * same clip; here it keeps its slot from view to view, columns change slowly, and the file is a tenth smaller (docs/formats.md). Readers
 * sort anyway, so this is invisible to them.
 */
import type { LogitTable } from './logit-table';

/** For each row and slot the position in the row's own order: [rows, topK]. */
export function assignSlots({ rows, topK, clip, indexes }: LogitTable): Uint16Array {
  const order = new Uint16Array(rows * topK);
  const slotOfClass = new Map<number, number>();
  const taken = new Uint8Array(topK);
  const waiting: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (row > 0 && clip[row] !== clip[row - 1]) slotOfClass.clear();
    const base = row * topK;
    taken.fill(0);
    waiting.length = 0;
    for (let rank = 0; rank < topK; rank++) {
      const slot = slotOfClass.get(indexes[base + rank]!);
      if (slot === undefined) waiting.push(rank);
      else {
        order[base + slot] = rank;
        taken[slot] = 1;
      }
    }
    let free = 0;
    for (const rank of waiting) {
      while (taken[free]) free++;
      order[base + free] = rank;
      taken[free] = 1;
    }
    slotOfClass.clear();
    for (let slot = 0; slot < topK; slot++) slotOfClass.set(indexes[base + order[base + slot]!]!, slot);
  }
  return order;
}
