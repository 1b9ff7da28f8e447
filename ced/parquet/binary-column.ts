/**
 * Walks a column of bytes page by page, so that a clip's audio is read without its row group. At
 * most one page and the chunk's dictionary are in memory.
 */
import type { FileMetaData, parquetSchema } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import type { ReadAt } from '../corpus/tar-members';
import { memberOf } from './parquet-excerpt';
import { checkedPage, ParquetBroken } from './parquet-pages';

type ColumnChunk = NonNullable<FileMetaData['row_groups'][number]['columns'][number]['meta_data']>;
type SchemaTree = ReturnType<typeof parquetSchema>;
type Dictionary = ReturnType<typeof readPage>['data'];

export interface BinaryChunk {
  /** Of the chunk in its file. */
  offset: number;
  bytes: number;
  rows: number;
  codec: string;
  /** For the column, and the struct around it before, whether it may be null. */
  optional: readonly boolean[];
}

/** Of one page, compressed or not: a hundred clips of a minute at 44.1 kHz. */
export const LARGEST_PAGE_BYTES = 2 ** 29;
/** Of a page's header, statistics of its values included. */
const LARGEST_HEADER_BYTES = 2 ** 16;

const NO_BYTES: Buffer = Buffer.alloc(0);

export class BinaryColumn {
  private readonly schemaPath: SchemaTree[];
  /** Where the next page begins in the chunk, and its first row. */
  private at = 0;
  private nextRow = 0;
  private dictionary: Dictionary;
  private page: { first: number; values: ArrayLike<unknown> } = { first: 0, values: [] };
  /** Bytes of the chunk that were read before they are needed. */
  private ahead = { at: 0, bytes: NO_BYTES };

  /** @param readAt reads the file; more than one page is never asked for */
  constructor(
    private readonly chunk: BinaryChunk,
    private readonly readAt: ReadAt,
  ) {
    this.schemaPath = schemaPathOf(chunk.optional);
  }

  /** The first row that can still be read: pages are passed once. */
  get firstRow(): number {
    return this.page.first;
  }

  /**
   * @param row of the chunk, not before `firstRow`
   * @returns its bytes, or null where it has none; valid as long as they are held
   * @throws {ParquetBroken} and whatever reading throws
   */
  async read(row: number): Promise<Uint8Array | null> {
    while (row >= this.nextRow) await this.readPage(row);
    const value = memberOf(this.page.values[row - this.page.first]);
    if (value !== null && !(value instanceof Uint8Array))
      throw new ParquetBroken('a column of audio holds no bytes');
    return value;
  }

  /** Reads the next page, or passes over it where it does not hold `wanted`. */
  private async readPage(wanted: number): Promise<void> {
    const { bytes, rows } = this.chunk;
    if (this.at >= bytes)
      throw new ParquetBroken(`a column ends at row ${this.nextRow} of ${rows}`);
    const { header, headerBytes } = await this.header();
    const { compressed_page_size: size, uncompressed_page_size: decompressed, type } = header;
    const end = this.at + headerBytes + size;
    if (!(size >= 0 && decompressed >= 0 && end <= bytes))
      throw new ParquetBroken(`a page claims ${size} bytes, and ${decompressed} decompressed`);
    if (Math.max(size, decompressed) > LARGEST_PAGE_BYTES)
      throw new ParquetBroken(
        `a page of its audio has ${Math.max(size, decompressed)} bytes, more than ` +
          `${LARGEST_PAGE_BYTES}: write it with smaller row groups`,
      );
    const count = (header.data_page_header ?? header.data_page_header_v2)?.num_values ?? 0;
    const isDictionary = type === 'DICTIONARY_PAGE';
    if (!isDictionary && !(count >= 0 && this.nextRow + count <= rows))
      throw new ParquetBroken(`a column has more values than its ${rows} rows`);
    if (isDictionary || wanted < this.nextRow + count) {
      const start = this.at + headerBytes;
      const read = await this.bytesAt(start, size, LARGEST_HEADER_BYTES);
      const values = this.decode(header, read.subarray(0, size)) ?? [];
      if (isDictionary) this.dictionary = values;
      else this.page = { first: this.nextRow, values };
      // A copy, so that the page itself is not held.
      this.ahead = { at: end, bytes: Buffer.from(read.subarray(size)) };
    }
    this.at = end;
    if (!isDictionary) this.nextRow += count;
  }

  private async header(): Promise<{
    header: ReturnType<typeof parquetHeader>;
    headerBytes: number;
  }> {
    const most = Math.min(LARGEST_HEADER_BYTES, this.chunk.bytes - this.at);
    const read = await this.bytesAt(this.at, most);
    this.ahead = { at: this.at, bytes: read };
    const bytes = new Uint8Array(read.subarray(0, most));
    const reader = { view: new DataView(bytes.buffer), offset: 0 };
    try {
      return { header: parquetHeader(reader), headerBytes: reader.offset };
    } catch (cause) {
      throw new ParquetBroken('the header of a page cannot be read', { cause });
    }
  }

  /**
   * Bytes of the chunk from `at` on, and up to `more` behind them, which begin the next page. Those
   * that were read ahead are not read again.
   */
  private async bytesAt(at: number, bytes: number, more = 0): Promise<Buffer> {
    const { offset } = this.chunk;
    const known = at >= this.ahead.at ? this.ahead.bytes.subarray(at - this.ahead.at) : NO_BYTES;
    const missing = bytes - known.length;
    if (missing <= 0) return known;
    const start = at + known.length;
    const wanted = Math.min(missing + more, this.chunk.bytes - start);
    const read = await this.readAt(offset + start, wanted);
    if (read.length < missing) throw new ParquetBroken(`the file ends at byte ${offset + start}`);
    return known.length === 0 ? read : Buffer.concat([known, read]);
  }

  private decode(header: ReturnType<typeof parquetHeader>, content: Buffer): Dictionary {
    const { schemaPath } = this;
    const own = new Uint8Array(content);
    const column = { type: 'BYTE_ARRAY', codec: this.chunk.codec as ColumnChunk['codec'] } as const;
    try {
      const { open } = checkedPage(header, own, {
        chunk: column,
        schemaPath,
        rows: this.chunk.rows,
      });
      const { data } = readPage(
        { view: new DataView(own.buffer), offset: 0 },
        header,
        {
          pathInSchema: schemaPath.slice(1).map(({ element }) => element.name),
          schemaPath,
          element: schemaPath.at(-1)!.element,
          type: 'BYTE_ARRAY',
          parsers: DEFAULT_PARSERS,
          utf8: false,
          // Every page goes through the checks, compressed or not.
          codec: 'BROTLI',
          compressors: { BROTLI: open },
        },
        this.dictionary,
        undefined,
        0,
      );
      return data;
    } catch (cause) {
      if (cause instanceof ParquetBroken) throw cause;
      throw new ParquetBroken('a page of its audio is damaged', { cause });
    }
  }
}

/** Levels depend on nothing else of a schema. */
function schemaPathOf(optional: readonly boolean[]): SchemaTree[] {
  const root: SchemaTree = { count: 0, path: [], children: [], element: { name: 'root' } };
  const inner = optional.map((isOptional, depth): SchemaTree => ({
    count: 1,
    path: [],
    children: [],
    element: {
      name: `level ${depth}`,
      repetition_type: isOptional ? 'OPTIONAL' : 'REQUIRED',
      ...(depth === optional.length - 1 ? { type: 'BYTE_ARRAY' } : { num_children: 1 }),
    },
  }));
  return [root, ...inner];
}
