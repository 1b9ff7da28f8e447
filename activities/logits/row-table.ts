/** The rows of a logit shard while they are filled: parameters in row order, top-K in whatever order the batches come back. */
import type { AugmentParameters } from '../../ced/augment/parameters';
import type { LogitTable } from '../../ced/logits/shard-file';

export class RowTable {
  private readonly table: LogitTable;

  constructor(
    readonly rows: number,
    private readonly k: number,
  ) {
    this.table = {
      rows,
      k,
      clip: new Uint32Array(rows),
      chunk: new Uint32Array(rows),
      view: new Uint32Array(rows),
      shift: new Int32Array(rows),
      timeStart: new Uint16Array(rows),
      timeWidth: new Uint16Array(rows),
      freqStart: new Uint16Array(rows),
      freqWidth: new Uint16Array(rows),
      indexes: new Uint16Array(rows * k),
      values: new Uint16Array(rows * k),
    };
  }

  setParameters(row: number, clip: number, chunk: number, view: number, parameters: AugmentParameters): void {
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
    this.table.indexes.set(top.indexes, row * this.k);
    this.table.values.set(top.values, row * this.k);
  }

  finish(): LogitTable {
    return this.table;
  }
}
