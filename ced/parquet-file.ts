/**
 * The one way this project writes and reads Parquet: brotli from Node's own zlib, no statistics,
 * one page a column and row group, and no date, path or library version in the file, so that equal
 * tables are equal bytes. (Under one brotli: the one inside another major version of Node may
 * choose other bytes for the same table, which is why whoever commits a shard first decides its
 * bytes.)
 */
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompressSync, constants } from 'node:zlib';
import { parquetMetadata, parquetRead, type FileMetaData, type SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { FormatInvalid, type Format } from './format-invalid';

type Encoding = 'PLAIN' | 'BYTE_STREAM_SPLIT' | 'DELTA_BINARY_PACKED';

export interface ParquetColumn {
  readonly name: string;
  /** One element for a flat column, three for a list. */
  readonly schema: readonly SchemaElement[];
  readonly encoding: Encoding;
  /** [rows] */
  readonly data: Int32Array | Float64Array | unknown[];
}

export interface ParquetWriteSettings {
  /** Brotli's quality, 0 … 11. It enters the bytes: all writers of one store should use one. */
  readonly quality: number;
  /** Stored in the file's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Small groups compress badly, large ones must be held in memory whole: groups hold between this
 * many rows and twice as many.
 */
const rowsPerGroup = 65_536;

const createdBy = 'ced-distillation';

/**
 * The pages are compressed side by side on Node's own threads, while whoever waits for the file may
 * compute: a first pass finds them, a second one writes the file with what became of them.
 */
export async function writeParquet(
  columns: readonly ParquetColumn[],
  { quality, metadata }: ParquetWriteSettings,
): Promise<Uint8Array> {
  const pages: Promise<Uint8Array>[] = [];
  writeFile(columns, metadata, (page) => {
    pages.push(compress(page.slice(), quality));
    return page;
  });
  const compressed = (await Promise.all(pages)).values();
  return writeFile(columns, metadata, (page) => compressed.next().value ?? page);
}

function writeFile(
  columns: readonly ParquetColumn[],
  metadata: ParquetWriteSettings['metadata'],
  compressor: (page: Uint8Array) => Uint8Array,
): Uint8Array {
  const rows = columns[0]?.data.length ?? 0;
  const writer = new ByteWriter(1 << 16);
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.flatMap(({ schema }) => schema),
    ],
    codec: 'BROTLI',
    compressors: { BROTLI: compressor },
    statistics: false,
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy,
  });
  const groups = Math.max(1, Math.floor(rows / rowsPerGroup));
  void file.write({
    columnData: columns.map(({ name, encoding, data }) => ({
      name,
      encoding,
      data: data as Int32Array,
      offsetIndex: false,
    })),
    rowGroupSize: Math.max(1, Math.ceil(rows / groups)),
    pageSize: 0,
  });
  void file.finish();
  return writer.getBytes().slice();
}

const brotli = promisify(brotliCompress);

async function compress(page: Uint8Array, quality: number): Promise<Uint8Array> {
  return await brotli(page, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_SIZE_HINT]: page.length,
    },
  });
}

export interface ParquetTable {
  readonly rows: number;
  readonly columnNames: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Values of one column [rows]. @throws FormatInvalid when there is no such column */
  column(name: string): ArrayLike<unknown>;
}

/** Reads a whole file of ours. @throws FormatInvalid when it is no Parquet or damaged */
export async function readParquet(bytes: Uint8Array, format: Format): Promise<ParquetTable> {
  const columns = new Map<string, unknown[] | Float64Array>();
  let parsed: FileMetaData;
  try {
    parsed = parquetMetadata(bytes);
    const rows = Number(parsed.num_rows);
    await parquetRead({
      // A Buffer's own `slice` would share memory with whatever lies beside it.
      file: {
        byteLength: bytes.length,
        slice: (start, end) => Uint8Array.prototype.slice.call(bytes, start, end).buffer,
      },
      metadata: parsed,
      compressors: { BROTLI: (page) => brotliDecompressSync(page) },
      onChunk: ({ columnName, columnData, rowStart }) => {
        const held = columns.get(columnName) ?? newColumn(columnData, rows);
        columns.set(columnName, held);
        for (let row = 0; row < columnData.length; row++)
          held[rowStart + row] = columnData[row] as number;
      },
    });
  } catch (error) {
    throw new FormatInvalid(format, 'it is no readable Parquet file', { cause: error });
  }
  const columnNames = parsed.schema.slice(1).map(({ name }) => name);
  return {
    rows: Number(parsed.num_rows),
    columnNames,
    metadata: Object.fromEntries(
      (parsed.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? '']),
    ),
    column(name) {
      const values = columns.get(name);
      if (values) return values;
      if (Number(parsed.num_rows) === 0 && columnNames.includes(name)) return [];
      throw new FormatInvalid(format, `it has no column ${name}`);
    },
  };
}

function newColumn(sample: ArrayLike<unknown>, rows: number): unknown[] | Float64Array {
  // Nullable and nested columns come as plain arrays, 64-bit ones as BigInt.
  const numeric = ArrayBuffer.isView(sample) && typeof sample[0] === 'number';
  return numeric ? new Float64Array(rows) : new Array<unknown>(rows).fill(null);
}

/** A flat column that is never null. */
export function requiredColumn(
  name: string,
  type: 'INT32' | 'INT64' | 'DOUBLE' | 'BYTE_ARRAY',
  converted: SchemaElement['converted_type'] | null,
): SchemaElement[] {
  return [
    {
      name,
      type,
      repetition_type: 'REQUIRED',
      ...(converted ? { converted_type: converted } : {}),
    },
  ];
}
