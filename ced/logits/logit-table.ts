/**
 * The stored logits of one audio shard in memory, column by column: one row for each (clip, chunk,
 * view), sorted by these three. Values are float16 bits (half.ts), each row's classes most probable
 * first, ties by lower class.
 */
import { rowsOf } from '../model/rows';

export interface LogitTable {
  readonly rows: number;
  readonly topK: number;
  /** Row number of the clip in the audio shard's table. */
  readonly clip: Uint32Array;
  readonly chunk: Uint16Array;
  readonly view: Uint16Array;
  /** Samples, circular, to the right; 0 = not applied. */
  readonly shift: Int32Array;
  /** Frames. */
  readonly timeStart: Uint16Array;
  readonly timeWidth: Uint16Array;
  /** Mel bins. */
  readonly freqStart: Uint8Array;
  readonly freqWidth: Uint8Array;
  /** Class numbers [rows, topK]. */
  readonly indexes: Uint16Array;
  /** float16 bits [rows, topK]. */
  readonly values: Uint16Array;
}

/** In the order of files. */
export const logitColumns = [
  'clip',
  'chunk',
  'view',
  'shift',
  'timeStart',
  'timeWidth',
  'freqStart',
  'freqWidth',
  'indexes',
  'values',
] as const satisfies (keyof LogitTable)[];

/** An all-zero table, to be filled by its producer. */
export function createLogitTable(rows: number, topK: number): LogitTable {
  return {
    rows,
    topK,
    clip: new Uint32Array(rows),
    chunk: new Uint16Array(rows),
    view: new Uint16Array(rows),
    shift: new Int32Array(rows),
    timeStart: new Uint16Array(rows),
    timeWidth: new Uint16Array(rows),
    freqStart: new Uint8Array(rows),
    freqWidth: new Uint8Array(rows),
    indexes: new Uint16Array(rows * topK),
    values: new Uint16Array(rows * topK),
  };
}

/** A table of these rows, in this order. */
export function selectRows(table: LogitTable, rows: readonly number[]): LogitTable {
  const selected = createLogitTable(rows.length, table.topK);
  for (const column of logitColumns) {
    const values = table[column];
    selected[column].set(rowsOf(values, rows, values.length / table.rows));
  }
  return selected;
}

/** The first row that does not come after its predecessor in (clip, chunk, view), or −1. */
export function firstUnsortedRow({ rows, clip, chunk, view }: LogitTable): number {
  for (let row = 1; row < rows; row++) {
    const order =
      clip[row]! - clip[row - 1]! || chunk[row]! - chunk[row - 1]! || view[row]! - view[row - 1]!;
    if (order <= 0) return row;
  }
  return -1;
}
