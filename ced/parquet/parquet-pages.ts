/**
 * The pages of one column chunk, held against its metadata and against their own headers before
 * hyparquet decodes them: it takes memory for whatever a header claims, and a run of levels or
 * dictionary indexes that is longer than its page makes it write on.
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/
 */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { snappyUncompress, type FileMetaData, type PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from 'hyparquet/src/schema.js';
import type { parquetSchema } from 'hyparquet';

type ColumnChunk = NonNullable<FileMetaData['row_groups'][number]['columns'][number]['meta_data']>;

/** The file is not what it claims; the message names what does not fit. */
export class ParquetBroken extends Error {
  override readonly name = 'ParquetBroken';
}

/** What the columns of a file may cost together. */
export interface Budget {
  cells: number;
  pageBytes: number;
}

export interface CheckedColumn {
  chunk: Pick<ColumnChunk, 'type' | 'codec'>;
  schemaPath: ReturnType<typeof parquetSchema>[];
  /** Of the row group; null for a column of lists, whose values are counted by their levels. */
  rows: number | null;
}

const BYTES_OF_TYPE: Readonly<Record<string, number>> = {
  INT32: 4,
  INT64: 8,
  FLOAT: 4,
  DOUBLE: 8,
  // Its length.
  BYTE_ARRAY: 4,
};
const ENCODINGS = [
  'PLAIN',
  'PLAIN_DICTIONARY',
  'RLE_DICTIONARY',
  'BYTE_STREAM_SPLIT',
  'DELTA_BINARY_PACKED',
];
export const READ_CODECS: readonly string[] = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI'];
const LARGEST_DELTA_BLOCK = 2 ** 16;

/** What a page's header claims. */
interface Page {
  isDictionary: boolean;
  /** Nulls and ends of lists included; of a dictionary its entries. */
  values: number;
  encoding: string;
  /** Of the content, decompressed. */
  bytes: number;
  /** Values that are not null, where the levels stand before the content; null = inside of it. */
  present: number | null;
}

/**
 * @param bytes of the chunk, in memory of their own
 * @returns gives the content of each page by its compressed bytes
 * @throws {ParquetBroken}
 */
export function checkedPages(
  bytes: Uint8Array,
  column: CheckedColumn,
  budget: Budget,
): (compressed: Uint8Array) => Uint8Array {
  const pages = new Map<number, (compressed: Uint8Array) => Uint8Array>();
  const reader = {
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    offset: 0,
  };
  let values = 0;
  while (reader.offset < bytes.length - 1) {
    const header = parquetHeader(reader);
    const { compressed_page_size: size, uncompressed_page_size: decompressed } = header;
    if (!(isCount(size) && reader.offset + size <= bytes.length && isCount(decompressed)))
      throw new ParquetBroken(`a page claims ${size} bytes, and ${decompressed} decompressed`);
    const whole = bytes.subarray(reader.offset, reader.offset + size);
    const { page, levelBytes, open } = checkedPage(header, whole, column);
    pages.set(reader.offset + levelBytes, open);
    if (!page.isDictionary) values += page.values;
    spend(budget, 'pageBytes', decompressed);
    spend(budget, 'cells', page.values);
    reader.offset += size;
  }
  if (column.rows !== null && values !== column.rows)
    throw new ParquetBroken(`a column has ${values} values in ${column.rows} rows`);
  return (compressed) => {
    const open = pages.get(compressed.byteOffset - bytes.byteOffset);
    if (!open) throw new ParquetBroken('a page is not where it was');
    return open(compressed);
  };
}

/**
 * @param whole the page behind its header, compressed
 * @returns what it claims, the bytes of levels before its content, and `open`, which gives the
 *   content by its compressed bytes
 * @throws {ParquetBroken}
 */
export function checkedPage(
  header: PageHeader,
  whole: Uint8Array,
  column: CheckedColumn,
): { page: Page; levelBytes: number; open: (compressed: Uint8Array) => Uint8Array } {
  const { page, levelBytes } = pageOf(header, whole, column);
  const open = (compressed: Uint8Array): Uint8Array => {
    const content = decompress(compressed, page.bytes, column.chunk.codec);
    if (content.length !== page.bytes)
      throw new ParquetBroken('a page has another length than its header says');
    checkContent(content, page, column);
    return content;
  };
  return { page, levelBytes, open };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function spend(budget: Budget, what: keyof Budget, amount: number): void {
  budget[what] -= amount;
  if (!(budget[what] >= 0)) throw new ParquetBroken('it claims more than its bytes can hold');
}

function pageOf(
  header: PageHeader,
  whole: Uint8Array,
  { schemaPath, rows }: CheckedColumn,
): { page: Page; levelBytes: number } {
  const bytes = header.uncompressed_page_size;
  const dictionary = header.dictionary_page_header;
  if (header.type === 'DICTIONARY_PAGE' && dictionary) {
    const { num_values: values, encoding } = dictionary;
    if (!isCount(values)) throw new ParquetBroken('a dictionary claims no number of entries');
    return { page: { isDictionary: true, values, encoding, bytes, present: null }, levelBytes: 0 };
  }
  const [first, second] = [header.data_page_header, header.data_page_header_v2];
  if (header.type === 'DATA_PAGE' && first) {
    const { num_values: values, encoding } = first;
    if (!isCount(values)) throw new ParquetBroken('a page claims no number of values');
    return { page: { isDictionary: false, values, encoding, bytes, present: null }, levelBytes: 0 };
  }
  if (header.type !== 'DATA_PAGE_V2' || !second || second.is_compressed === false)
    throw new ParquetBroken(`a page is of type ${header.type}`);
  const { num_values: values, num_nulls: nulls, num_rows: pageRows, encoding } = second;
  const repetition = second.repetition_levels_byte_length;
  const definition = second.definition_levels_byte_length;
  const levelBytes = repetition + definition;
  if (![values, nulls, pageRows, repetition, definition].every(isCount) || nulls > values)
    throw new ParquetBroken(`a page claims ${values} values and ${nulls} nulls`);
  if (levelBytes > whole.length || levelBytes > bytes || (rows !== null && pageRows !== values))
    throw new ParquetBroken(`a page claims ${pageRows} rows and ${levelBytes} bytes of levels`);
  const highest = getMaxDefinitionLevel(schemaPath);
  new Runs(whole).levels(values, getMaxRepetitionLevel(schemaPath), repetition);
  const present = new Runs(whole, repetition).levels(values, highest, definition);
  if (present !== values - nulls)
    throw new ParquetBroken(`a page claims ${nulls} nulls, its levels ${values - present}`);
  const page = { isDictionary: false, values, encoding, bytes: bytes - levelBytes, present };
  return { page, levelBytes };
}

/** In memory of its own, so that no claim of its content reaches what lies beside it. */
function decompress(page: Uint8Array, size: number, codec: ColumnChunk['codec']): Uint8Array {
  switch (codec) {
    case 'UNCOMPRESSED':
      return new Uint8Array(page);
    case 'BROTLI':
      return new Uint8Array(brotliDecompressSync(page, { maxOutputLength: Math.max(1, size) }));
    case 'GZIP':
      return new Uint8Array(gunzipSync(page, { maxOutputLength: Math.max(1, size) }));
    case 'SNAPPY': {
      const output = new Uint8Array(size);
      snappyUncompress(page, output);
      return output;
    }
    default:
      throw new ParquetBroken(
        `it is compressed by ${codec}; expected one of ${READ_CODECS.join(', ')}`,
      );
  }
}

function checkContent(content: Uint8Array, page: Page, column: CheckedColumn): void {
  const { chunk, schemaPath } = column;
  const { values, encoding } = page;
  const width = BYTES_OF_TYPE[chunk.type];
  if (width === undefined) throw new ParquetBroken(`a column is of type ${chunk.type}`);
  if (!ENCODINGS.includes(encoding)) throw new ParquetBroken(`a page is encoded by ${encoding}`);
  const runs = new Runs(content);
  let { present } = page;
  if (present === null && !page.isDictionary) {
    if (schemaPath.length > 1) runs.prefixedLevels(values, getMaxRepetitionLevel(schemaPath));
    present = runs.prefixedLevels(values, getMaxDefinitionLevel(schemaPath));
  }
  present ??= values;
  if (page.isDictionary || encoding === 'PLAIN' || encoding === 'BYTE_STREAM_SPLIT') {
    if (present * width > content.length - runs.at)
      throw new ParquetBroken('a page holds fewer values than it claims');
  } else if (encoding === 'DELTA_BINARY_PACKED') {
    const [block, miniblocks] = [runs.varint(), runs.varint()];
    if (!(block <= LARGEST_DELTA_BLOCK && miniblocks > 0 && block % (miniblocks * 8) === 0))
      throw new ParquetBroken('a page of differences has blocks of no size');
  } else if (present > 0) {
    const bits = runs.byte();
    if (bits > 0) runs.check(present, bits, content.length);
  }
}

/** Runs of equal numbers and packed numbers, by turns. */
class Runs {
  constructor(
    private readonly page: Uint8Array,
    public at = 0,
  ) {}

  byte(): number {
    const byte = this.page[this.at++];
    if (byte === undefined) throw new ParquetBroken('a page ends too early');
    return byte;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new ParquetBroken('a number in a page does not end');
  }

  /** Levels behind their length. @returns how many are the highest */
  prefixedLevels(count: number, highest: number): number {
    if (highest === 0) return count;
    const bytes = [this.byte(), this.byte(), this.byte(), this.byte()];
    const length = bytes.reduceRight((value, byte) => value * 256 + byte, 0);
    return this.levels(count, highest, length);
  }

  /** @returns how many are the highest */
  levels(count: number, highest: number, length: number): number {
    if (highest === 0) return count;
    const end = this.at + length;
    if (end > this.page.length) throw new ParquetBroken('the levels of a page have no end');
    const found = this.check(count, 32 - Math.clz32(highest), end, highest);
    this.at = end;
    return found;
  }

  /**
   * @param highest that a number may be
   * @returns how many numbers are the highest
   */
  check(count: number, bits: number, end: number, highest = Infinity): number {
    if (bits > 32) throw new ParquetBroken(`a page packs numbers of ${bits} bits`);
    let found = 0;
    for (let seen = 0; seen < count;) {
      const header = this.varint();
      const run = Math.floor(header / 2);
      const values = header % 2 === 0 ? run : Math.min(run * 8, count - seen);
      if (header % 2 === 0) {
        if (run > count - seen)
          throw new ParquetBroken(`a run of ${run} numbers, where ${count - seen} are left`);
        let value = 0;
        for (let byte = 0; byte < Math.ceil(bits / 8); byte++)
          value += this.byte() * 2 ** (8 * byte);
        if (value > highest) throw new ParquetBroken(`a level is ${value}, above ${highest}`);
        if (value === highest) found += run;
      } else {
        for (let index = 0; highest < Infinity && index < values; index++) {
          const value = this.packed(index, bits);
          if (value > highest) throw new ParquetBroken(`a level is ${value}, above ${highest}`);
          if (value === highest) found++;
        }
        this.at += run * bits;
      }
      if (this.at > end + bits * 8) throw new ParquetBroken('a page ends too early');
      seen += values;
    }
    return found;
  }

  /** Of the packed numbers that begin here, each a few bits, lowest first. */
  private packed(index: number, bits: number): number {
    let value = 0;
    for (let bit = 0; bit < bits; bit++) {
      const place = index * bits + bit;
      value |= (((this.page[this.at + (place >> 3)] ?? 0) >> (place & 7)) & 1) << bit;
    }
    return value;
  }
}
