/** A row of stored logits as an object, for programs and people that read stores. */
import { halfValues } from './half';
import type { LogitTable } from './logit-table';

/** One view of one chunk, and its augmentation. */
export interface RowView {
  chunk: number;
  view: number;
  /** Samples at 16 kHz, circular, to the right; 0 = not applied. */
  shift: number;
  /** Frames of 10 ms; a width of 0 = not applied. */
  timeMask: { start: number; width: number };
  /** Mel bins. */
  freqMask: { start: number; width: number };
}

export interface RowClass {
  index: number;
  name: string | null;
  probability: number;
}

export function rowView(table: LogitTable, row: number): RowView {
  return {
    chunk: table.chunk[row]!,
    view: table.view[row]!,
    shift: table.shift[row]!,
    timeMask: { start: table.timeStart[row]!, width: table.timeWidth[row]! },
    freqMask: { start: table.freqStart[row]!, width: table.freqWidth[row]! },
  };
}

/** The first `most` of a row's classes, most probable first. */
export function rowClasses(
  { topK, indexes, values }: LogitTable,
  row: number,
  most: number,
  nameOf: (index: number) => string | null,
): RowClass[] {
  return Array.from({ length: Math.min(most, topK) }, (_, rank) => {
    const index = indexes[row * topK + rank]!;
    return {
      index,
      name: nameOf(index),
      probability: halfValues[values[row * topK + rank]!]!,
    };
  });
}
