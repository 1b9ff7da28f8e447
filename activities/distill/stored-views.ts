/**
 * Stored logits laid out for training: what a student reads of them, as records of equal length in one local file, view after view of each shard. A shard
 * is decoded once, an epoch reads the records of one view, and memory holds no more than which chunks there are. The file has no name from the
 * moment it is open, so that it is gone with its process, however that ends.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createLogitTable, type LogitTable } from '../../ced/logits/logit-table';

/** uint16 words of a record before its pairs: clip and shift take two each, the mel bins' start and width share one. */
const parameterWords = 8;

interface ShardViews {
  /** Of each chunk, in order. */
  readonly clip: Uint32Array;
  readonly chunk: Uint16Array;
  /** Bytes from the start of the file. */
  readonly offset: number;
}

export class StoredViews {
  private readonly shards: (ShardViews | undefined)[] = [];
  private readonly record: Uint16Array;
  private readonly row: LogitTable;
  private bytes = 0;
  private open = true;

  private constructor(
    private readonly file: number,
    /** In every shard, and how many of them are kept. */
    private readonly views: { stored: number; kept: number },
    readonly topK: number,
  ) {
    this.record = new Uint16Array(parameterWords + 2 * topK);
    this.row = createLogitTable(1, topK);
  }

  /** @param folder where there is room for 2 · (8 + 2 · topK) bytes a chunk and view; made if it is not there */
  static create(folder: string, views: { stored: number; kept: number }, topK: number): StoredViews {
    mkdirSync(folder, { recursive: true });
    const own = mkdtempSync(join(folder, 'ced-views-'));
    try {
      return new StoredViews(openSync(join(own, 'records'), 'wx+', 0o600), views, topK);
    } finally {
      rmSync(own, { recursive: true });
    }
  }

  /** @throws Error when a chunk has not every view */
  add(shard: number, table: LogitTable): void {
    const { stored, kept } = this.views;
    const chunks = Math.floor(table.rows / stored);
    if (chunks * stored !== table.rows) throw new Error(`logit shard ${shard}: ${table.rows} rows, no multiple of ${stored} views`);
    const of = { clip: new Uint32Array(chunks), chunk: new Uint16Array(chunks), offset: this.bytes };
    for (let view = 0; view < kept; view++) {
      const records = new Uint16Array(chunks * this.record.length);
      for (let at = 0; at < chunks; at++) {
        const row = at * stored + view;
        if (table.view[row] !== view) throw new Error(`logit shard ${shard}: row ${row} is view ${table.view[row]}, expected ${view}`);
        of.clip[at] = table.clip[row]!;
        of.chunk[at] = table.chunk[row]!;
        this.write(table, row, records, at * this.record.length);
      }
      for (let written = 0; written < records.byteLength;)
        written += writeSync(this.file, records, written, records.byteLength - written, this.bytes + written);
      this.bytes += records.byteLength;
    }
    this.shards[shard] = of;
  }

  /** Chunks of a shard that have logits. */
  chunks(shard: number): Pick<ShardViews, 'clip' | 'chunk'> {
    return this.of(shard);
  }

  /** One row, in a table that the next call overwrites. */
  read(shard: number, at: number, view: number): LogitTable {
    const of = this.of(shard);
    const { record, row, topK } = this;
    const position = of.offset + (view * of.clip.length + at) * record.byteLength;
    if (
      view >= this.views.kept ||
      at >= of.clip.length ||
      readSync(this.file, record, 0, record.byteLength, position) !== record.byteLength
    )
      throw new Error(`logit shard ${shard} has no chunk ${at} in view ${view}`);
    const [clipLow = 0, clipHigh = 0, chunk = 0, shiftLow = 0, shiftHigh = 0, timeStart = 0, timeWidth = 0, freq = 0] = record;
    row.clip[0] = clipLow + clipHigh * 0x10000;
    row.chunk[0] = chunk;
    row.view[0] = view;
    row.shift[0] = shiftLow + shiftHigh * 0x10000;
    row.timeStart[0] = timeStart;
    row.timeWidth[0] = timeWidth;
    row.freqStart[0] = freq & 0xff;
    row.freqWidth[0] = freq >>> 8;
    row.indexes.set(record.subarray(parameterWords, parameterWords + topK));
    row.values.set(record.subarray(parameterWords + topK));
    return row;
  }

  close(): void {
    if (this.open) closeSync(this.file);
    this.open = false;
  }

  private write(table: LogitTable, row: number, out: Uint16Array, at: number): void {
    const [clip, shift] = [table.clip[row]!, table.shift[row]!];
    const freq = table.freqStart[row]! + table.freqWidth[row]! * 0x100;
    out.set(
      [clip, clip >>> 16, table.chunk[row]!, shift, shift >>> 16, table.timeStart[row]!, table.timeWidth[row]!, freq], // each cut to 16 bits
      at,
    );
    const from = row * table.topK;
    out.set(table.indexes.subarray(from, from + this.topK), at + parameterWords);
    out.set(table.values.subarray(from, from + this.topK), at + parameterWords + this.topK);
  }

  private of(shard: number): ShardViews {
    const of = this.shards[shard];
    if (!of) throw new Error(`no logits for audio shard ${shard}`);
    return of;
  }
}
