/**
 * Reads Parquet files whole in memory, column by column as they are asked for. Nothing in a file is
 * believed: what its metadata and page headers claim is bounded by the file's size and held against
 * each other before memory is taken for it, and every failure is a `FormatInvalid`.
 * https://parquet.apache.org/docs/file-format/
 */
import { parquetMetadata, parquetSchema, type FileMetaData } from 'hyparquet';
import { assembleNested } from 'hyparquet/src/assemble.js';
import { readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import { FormatInvalid, type Format } from '../format-invalid';
import { checkedPages, ParquetBroken, type Budget } from './parquet-pages';

type ColumnChunk = NonNullable<FileMetaData['row_groups'][number]['columns'][number]['meta_data']>;
type SchemaTree = ReturnType<typeof parquetSchema>;
type Values = ArrayLike<unknown>;

/** Physical type of a column, and whether it may hold null. `list` = nullable lists of int32. */
export type ColumnKind =
  'int32' | 'nullable int32' | 'int64' | 'number' | 'nullable number' | 'text' | 'list';

export interface ParquetTable {
  readonly rows: number;
  readonly columnNames: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Values of one column [rows].
   * @throws FormatInvalid when there is no such column, it is of another kind, or damaged
   */
  column(name: string, kind: ColumnKind): ArrayLike<unknown>;
}

/** Cells of all columns: so many, and so many for each byte of the file. */
const CELLS = 2 ** 24;
const CELLS_A_BYTE = 64;
/** Bytes of all pages, decompressed. */
const PAGE_BYTES = 2 ** 27;
const PAGE_BYTES_A_BYTE = 64;
const MOST_COLUMNS = 2 ** 18;

/** @throws FormatInvalid when it is no Parquet or damaged */
export function readParquet(bytes: Uint8Array, format: Format): ParquetTable {
  return translated(format, () => {
    const { file, rows, tree } = checkedMetadata(bytes);
    const names = tree.children.map(({ element }) => element.name);
    const budget = budgetOf(bytes.length);
    if (rows > budget.cells)
      throw new ParquetBroken(`it claims ${rows} rows, more than ${bytes.length} bytes can hold`);
    return {
      rows,
      columnNames: names,
      metadata: Object.fromEntries(
        (file.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? '']),
      ),
      column: (name, kind) =>
        translated(format, () => readWhole({ bytes, file, tree, budget }, name, kind)),
    };
  });
}

/** What the columns of a file, or of a part of one, may cost. */
export function budgetOf(bytes: number): Budget {
  return {
    cells: CELLS + CELLS_A_BYTE * bytes,
    pageBytes: PAGE_BYTES + PAGE_BYTES_A_BYTE * bytes,
  };
}

/** @param bytes that end with the file's footer */
export function checkedMetadata(bytes: Uint8Array): {
  file: FileMetaData;
  rows: number;
  tree: SchemaTree;
} {
  const file = parquetMetadata(bytes, { geoparquet: false });
  const rows = Number(file.num_rows);
  const tree = parquetSchema(file);
  const names = tree.children.map(({ element }) => element.name);
  if (file.schema.length > MOST_COLUMNS || new Set(names).size < names.length)
    throw new ParquetBroken('its columns cannot be told apart');
  const groups = file.row_groups.map((group) => Number(group.num_rows));
  const grouped = groups.reduce((sum, group) => sum + group, 0);
  if (!Number.isSafeInteger(rows) || groups.some((group) => !(group >= 0)) || grouped !== rows)
    throw new ParquetBroken(`it claims ${rows} rows, and ${grouped} in its row groups`);
  return { file, rows, tree };
}

/** Any error of reading means that the file is not what it claims. */
export function translated<T>(format: Format, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const detail =
      cause instanceof ParquetBroken ? cause.message : 'it is no readable Parquet file';
    throw new FormatInvalid(format, detail, { cause });
  }
}

interface OpenFile {
  bytes: Uint8Array;
  file: FileMetaData;
  tree: SchemaTree;
  budget: Budget;
}

function readWhole(open: OpenFile, name: string, kind: ColumnKind): Values {
  const { file, tree } = open;
  const column = tree.children.find(({ element }) => element.name === name);
  if (!column) throw new ParquetBroken(`it has no column ${name}`);
  if (!isOfKind(column, kind)) throw new ParquetBroken(`its column ${name} is no ${kind}`);
  const rows = Number(file.num_rows);
  const parts = file.row_groups.map((group) => {
    const groupRows = Number(group.num_rows);
    const values = groupRows === 0 ? [] : readGroup(open, column, group, groupRows);
    if (values.length !== groupRows)
      throw new ParquetBroken(`its column ${name} has ${values.length} of ${groupRows} rows`);
    return values;
  });
  if (parts.length === 1) return parts[0]!;
  const joined = kind === 'int32' || kind === 'number' ? new Float64Array(rows) : new Array(rows);
  let at = 0;
  for (const part of parts)
    for (let row = 0; row < part.length; row++) joined[at++] = part[row] as number;
  return joined;
}

function readGroup(
  open: OpenFile,
  column: SchemaTree,
  group: FileMetaData['row_groups'][number],
  groupRows: number,
): Values {
  const chunks = group.columns.flatMap(({ meta_data: chunk, file_path: path }) => {
    if (chunk?.path_in_schema[0] !== column.element.name) return [];
    if (path) throw new ParquetBroken('it keeps values in another file');
    return [chunk];
  });
  const [chunk, ...others] = chunks;
  // Lists of numbers are the only columns within columns that are read.
  if (!chunk || others.length > 0)
    throw new ParquetBroken(`its column ${column.element.name} is not in every row group once`);
  const values = readChunk(open, chunk, groupRows);
  if (column.children.length === 0) return values;
  const nested = new Map([[chunk.path_in_schema.join('.'), values as unknown[]]]);
  assembleNested(nested, column, DEFAULT_PARSERS);
  return nested.get(column.element.name) ?? [];
}

function readChunk({ bytes, tree, budget }: OpenFile, chunk: ColumnChunk, rows: number): Values {
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const length = Number(chunk.total_compressed_size);
  if (!(start >= 4 && length > 0 && start + length <= bytes.length - 8))
    throw new ParquetBroken(`a column claims bytes ${start} to ${start + length} of the file`);
  // A copy: a Buffer's own memory holds other things beside it.
  return decodeChunk(
    new Uint8Array(bytes.subarray(start, start + length)),
    { tree, budget },
    chunk,
    rows,
  );
}

/**
 * Values of one column chunk [rows]; nested as their levels say.
 * @param own the chunk's bytes, in memory of their own
 * @throws {ParquetBroken}, and whatever hyparquet throws
 */
export function decodeChunk(
  own: Uint8Array<ArrayBuffer>,
  { tree, budget }: Pick<OpenFile, 'tree' | 'budget'>,
  chunk: ColumnChunk,
  rows: number,
): Values {
  const schemaPath = getTreePath(tree, chunk.path_in_schema);
  const isRepeated = getMaxRepetitionLevel(schemaPath) > 0;
  const decompress = checkedPages(
    own,
    { chunk, schemaPath, rows: isRepeated ? null : rows },
    budget,
  );
  const { data } = readColumn(
    { view: new DataView(own.buffer), offset: 0 },
    { groupStart: 0, selectStart: 0, selectEnd: rows, groupRows: rows },
    {
      pathInSchema: chunk.path_in_schema,
      schemaPath,
      element: lastOf(schemaPath).element,
      type: chunk.type,
      parsers: DEFAULT_PARSERS,
      // Every page goes through the checks, compressed or not.
      codec: 'BROTLI',
      compressors: { BROTLI: decompress },
    },
  );
  if (data.length === 1) return data[0]!;
  return data.flatMap((page) => Array.from(page as ArrayLike<unknown>));
}

function lastOf(path: readonly SchemaTree[]): SchemaTree {
  const last = path.at(-1);
  if (!last) throw new ParquetBroken('a column has no name');
  return last;
}

function isOfKind({ element, children }: SchemaTree, kind: ColumnKind): boolean {
  const { type, repetition_type: repetition } = element;
  if (kind === 'list') {
    const [list] = children;
    const [item] = list?.children ?? [];
    return (
      children.length === 1 &&
      list?.children.length === 1 &&
      repetition === 'OPTIONAL' &&
      element.converted_type === 'LIST' &&
      list.element.repetition_type === 'REPEATED' &&
      item?.children.length === 0 &&
      item.element.type === 'INT32' &&
      item.element.repetition_type === 'REQUIRED'
    );
  }
  if (children.length > 0 || repetition === 'REPEATED') return false;
  const isRequired = repetition === 'REQUIRED';
  switch (kind) {
    case 'int32':
      return isRequired && type === 'INT32';
    case 'nullable int32':
      return type === 'INT32';
    case 'int64':
      return isRequired && type === 'INT64';
    case 'number':
      return isRequired && (type === 'DOUBLE' || type === 'FLOAT' || type === 'INT32');
    case 'nullable number':
      return type === 'DOUBLE' || type === 'FLOAT' || type === 'INT32' || type === 'INT64';
    case 'text':
      return type === 'BYTE_ARRAY';
  }
}
