/**
 * Stored logits laid out for training in one local file: for each shard, view after view, records
 * of equal length, and behind them the list of chunks. The file stays on this machine for the next
 * attempt, or for another student of the same logits. It ends with its own SHA-256; a damaged file
 * is laid out again. An epoch reads the records of one view; memory holds the list of chunks only.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createLogitTable, type LogitTable } from '../../ced/logits/logit-table';
import { readDerived } from '../../storage/derived-file';
import type { ObjectCache } from '../../storage/object-cache';

/**
 * uint16 words of a record before its pairs: clip and shift take two each, the mel bins' start and
 * width share one.
 */
const parameterWords = 8;
/** At the end of the file: the length of all records, and the hash of everything before it. */
const LENGTH_BYTES = 8;
const HASH_BYTES = 32;
/** Read, hashed and reported at once. */
const PART_BYTES = 4 << 20;

type OnHashed = (doneBytes: number, totalBytes: number) => Promise<void>;

export interface ViewsLayout {
  /** Views of each chunk in the tables. */
  stored: number;
  /** Views laid out, a prefix of them. */
  used: number;
  topK: number;
}

interface ShardViews {
  /** Row of the clip, and number in the clip, of each chunk in order. */
  readonly clip: Uint32Array;
  readonly chunk: Uint32Array;
  /** Of the first record, in bytes from the start of the file. */
  readonly offset: number;
}

export class StoredViews {
  private readonly record: Uint16Array;
  private readonly row: LogitTable;
  private open = true;

  private constructor(
    private readonly file: number,
    private readonly used: number,
    readonly topK: number,
    private readonly shards: readonly ShardViews[],
  ) {
    this.record = new Uint16Array(recordWords(topK));
    this.row = createLogitTable(1, topK);
  }

  /**
   * @param identity names the tables' content
   * @param tables of every shard in order; called if this machine has no verified file of them
   * @param onHashed awaited while the file is hashed, which takes minutes for hundreds of
   *   gigabytes; an error ends the hashing
   * @throws Error if a chunk lacks a view
   */
  static async open(
    cache: ObjectCache,
    identity: string,
    layout: ViewsLayout,
    tables: () => AsyncIterable<LogitTable>,
    onHashed: OnHashed = () => Promise.resolve(),
  ): Promise<StoredViews> {
    const name = `views 1 ${layout.stored} ${layout.used} ${layout.topK} ${identity}`;
    const compute = (): AsyncGenerator<Uint8Array> => encoded(layout, tables());
    return await readDerived(cache, name, compute, async (path) => {
      const shards = await readShards(path, layout, onHashed);
      return shards && new StoredViews(openSync(path, 'r'), layout.used, layout.topK, shards);
    });
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
      view >= this.used ||
      at >= of.clip.length ||
      readSync(this.file, record, 0, record.byteLength, position) !== record.byteLength
    )
      throw new Error(`logit shard ${shard} has no chunk ${at} in view ${view}`);
    const [
      clipLow = 0,
      clipHigh = 0,
      chunk = 0,
      shiftLow = 0,
      shiftHigh = 0,
      timeStart = 0,
      timeWidth = 0,
      freq = 0,
    ] = record;
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

  private of(shard: number): ShardViews {
    const of = this.shards[shard];
    if (!of) throw new Error(`no logits for audio shard ${shard}`);
    return of;
  }
}

/**
 * The file's bytes: records; of each shard its number of chunks, then their clips and chunks, all
 * uint32; the records' length; the hash.
 */
async function* encoded(
  layout: ViewsLayout,
  tables: AsyncIterable<LogitTable>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const hashed = (bytes: Uint8Array): Uint8Array => {
    hash.update(bytes);
    return bytes;
  };
  const index: Uint32Array[] = [];
  let recordBytes = 0;
  for await (const table of tables) {
    const chunks = table.rows / layout.stored;
    if (!Number.isInteger(chunks))
      throw new Error(
        `logit shard ${index.length}: ${table.rows} rows, no multiple of ${layout.stored} views`,
      );
    for (let view = 0; view < layout.used; view++) {
      const records = viewRecords(index.length, table, view, layout);
      recordBytes += records.byteLength;
      yield hashed(new Uint8Array(records.buffer));
    }
    const first = (_: unknown, at: number): number => at * layout.stored;
    const rows = Array.from({ length: chunks }, first);
    index.push(
      Uint32Array.from([
        chunks,
        ...rows.map((row) => table.clip[row]!),
        ...rows.map((row) => table.chunk[row]!),
      ]),
    );
  }
  for (const words of index) yield hashed(new Uint8Array(words.buffer));
  yield hashed(new Uint8Array(Float64Array.of(recordBytes).buffer));
  yield hash.digest();
}

function viewRecords(
  shard: number,
  table: LogitTable,
  view: number,
  { stored, topK }: ViewsLayout,
): Uint16Array {
  const words = recordWords(topK);
  const chunks = table.rows / stored;
  const records = new Uint16Array(chunks * words);
  for (let at = 0; at < chunks; at++) {
    const row = at * stored + view;
    if (table.view[row] !== view)
      throw new Error(
        `logit shard ${shard}: row ${row} is view ${table.view[row]}, expected ${view}`,
      );
    const [clip, shift] = [table.clip[row]!, table.shift[row]!];
    const freq = table.freqStart[row]! + table.freqWidth[row]! * 0x100;
    records.set(
      [
        clip,
        clip >>> 16,
        table.chunk[row]!,
        shift,
        shift >>> 16,
        table.timeStart[row]!,
        table.timeWidth[row]!,
        freq,
      ], // each cut to 16 bits
      at * words,
    );
    const from = row * table.topK;
    records.set(table.indexes.subarray(from, from + topK), at * words + parameterWords);
    records.set(table.values.subarray(from, from + topK), at * words + parameterWords + topK);
  }
  return records;
}

/** null if the file is damaged. */
async function readShards(
  path: string,
  { used, topK }: ViewsLayout,
  onHashed: OnHashed,
): Promise<ShardViews[] | null> {
  const { size } = await stat(path);
  const end = size - HASH_BYTES;
  if (end < LENGTH_BYTES) return null;
  const hash = createHash('sha256');
  let hashed = 0;
  for await (const part of createReadStream(path, { end: end - 1, highWaterMark: PART_BYTES })) {
    hash.update(part as Buffer);
    hashed += (part as Buffer).length;
    await onHashed(hashed, end);
  }
  if (!hash.digest().equals(await bytesOf(path, end, HASH_BYTES))) return null;
  const recordBytes = (await bytesOf(path, end - LENGTH_BYTES, LENGTH_BYTES)).readDoubleLE();
  const bytes = await bytesOf(path, recordBytes, end - LENGTH_BYTES - recordBytes);
  const index = new Uint32Array(Uint8Array.from(bytes).buffer);
  const shards: ShardViews[] = [];
  for (let at = 0, offset = 0; at < index.length;) {
    const chunks = index[at++]!;
    shards.push({
      clip: index.subarray(at, at + chunks),
      chunk: index.subarray(at + chunks, at + 2 * chunks),
      offset,
    });
    at += 2 * chunks;
    offset += used * chunks * recordWords(topK) * Uint16Array.BYTES_PER_ELEMENT;
  }
  return shards;
}

async function bytesOf(path: string, start: number, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  if (length > 0)
    for await (const part of createReadStream(path, { start, end: start + length - 1 }))
      parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function recordWords(topK: number): number {
  return parameterWords + 2 * topK;
}
