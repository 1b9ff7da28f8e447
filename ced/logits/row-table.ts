/**
 * The rows of a logit shard while they are filled: parameters in row order, top-K in whatever order
 * the batches come back.
 */
import type { AugmentParameters } from '../augment/parameters';
import { createLogitTable, selectRows, type LogitTable } from './logit-table';

export class RowTable {
  private readonly table: LogitTable;

  constructor(
    readonly rows: number,
    readonly topK: number,
  ) {
    this.table = createLogitTable(rows, topK);
  }

  setParameters(
    row: number,
    clip: number,
    chunk: number,
    view: number,
    parameters: AugmentParameters,
  ): void {
    const { table } = this;
    table.clip[row] = clip;
    table.chunk[row] = chunk;
    table.view[row] = view;
    table.shift[row] = parameters.shift;
    table.timeStart[row] = parameters.timeStart;
    table.timeWidth[row] = parameters.timeWidth;
    table.freqStart[row] = parameters.freqStart;
    table.freqWidth[row] = parameters.freqWidth;
  }

  setTop(row: number, top: { indexes: Uint16Array; values: Uint16Array }): void {
    this.table.indexes.set(top.indexes, row * this.topK);
    this.table.values.set(top.values, row * this.topK);
  }

  /** @param leftOut rows that are no part of the shard */
  finish(leftOut: ReadonlySet<number> = new Set()): LogitTable {
    if (leftOut.size === 0) return this.table;
    const kept = Array.from(this.table.clip.keys()).filter((row) => !leftOut.has(row));
    return selectRows(this.table, kept);
  }
}
