/**
 * The one way this project writes Parquet: brotli from Node's own zlib, no statistics, one page a
 * column and row group, and no date, path or library version in the file, so that equal tables are
 * equal bytes. (Under one brotli: the one inside another major version of Node may choose other
 * bytes for the same table, so the first commit of a shard decides its bytes.)
 */
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';

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

export const CREATED_BY = 'ced-distillation';

/**
 * The pages are compressed side by side on Node's own threads, while the caller that waits for the
 * file may compute: a first pass finds them, a second one writes the file with what became of them.
 * @param onPage called for each compressed page; may throw to give up
 */
export async function writeParquet(
  columns: readonly ParquetColumn[],
  { quality, metadata }: ParquetWriteSettings,
  onPage: () => void = () => undefined,
): Promise<Uint8Array> {
  const pages: Promise<Uint8Array>[] = [];
  writeFile(columns, metadata, (page) => {
    pages.push(compress(page.slice(), quality));
    return page;
  });
  const reported = pages.map(async (page) => {
    const bytes = await page;
    onPage();
    return bytes;
  });
  const compressed = (await Promise.all(reported)).values();
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
    createdBy: CREATED_BY,
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
