/**
 * Decodes a few columns of a Parquet file from the bytes of their chunks alone: a dataset's labels
 * are read without its audio.
 */
import type { parquetSchema } from 'hyparquet';
import { assembleNested } from 'hyparquet/src/assemble.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { ParquetBroken } from './parquet-pages';
import { budgetOf, checkedMetadata, decodeChunk, translated } from './parquet-reader';

type SchemaTree = ReturnType<typeof parquetSchema>;

/** Text, number, or null; of a list, an array of them. */
export type Cell = string | number | null | Cell[];

export interface ExcerptQuestion {
  /** Numbers of leaf columns, as the outline counts them. */
  columns: number[];
  /** Lengths of the chunks that stand before the footer: of each row group, of each column. */
  chunkBytes: number[];
}

/**
 * @param bytes chunks of the columns, row group by row group, then the file's footer
 * @returns for each column its cells, of all row groups
 * @throws {FormatInvalid}
 */
export function readExcerpt(bytes: Uint8Array, { columns, chunkBytes }: ExcerptQuestion): Cell[][] {
  return translated('Parquet file', () => {
    const { file, tree } = checkedMetadata(bytes);
    const budget = budgetOf(bytes.length);
    const cells = columns.map((): Cell[] => []);
    const lengths = chunkBytes.values();
    let at = 0;
    for (const group of file.row_groups) {
      const rows = Number(group.num_rows);
      for (const [index, column] of columns.entries()) {
        const length = lengths.next().value ?? 0;
        const own = new Uint8Array(bytes.subarray(at, at + length));
        at += length;
        const chunk = group.columns[column]?.meta_data;
        if (!chunk) throw new ParquetBroken(`it has no column ${column}`);
        if (rows === 0) continue;
        const values = decodeChunk(own, { tree, budget }, chunk, rows);
        const top = tree.children.find(({ element }) => element.name === chunk.path_in_schema[0]);
        const plain = unnested(values, chunk.path_in_schema, top);
        if (plain.length !== rows)
          throw new ParquetBroken(
            `its column ${chunk.path_in_schema.join('.')} has ${plain.length} of ${rows} rows`,
          );
        for (const value of Array.from(plain)) cells[index]!.push(cellOf(value));
      }
    }
    return cells;
  });
}

function unnested(
  values: ArrayLike<unknown>,
  path: string[],
  top: SchemaTree | undefined,
): ArrayLike<unknown> {
  if (!top || path.length === 1) return values;
  if (path.length === 2) return Array.from(values, memberOf);
  const nested = new Map([[path.join('.'), values as unknown[]]]);
  assembleNested(nested, top, DEFAULT_PARSERS);
  return nested.get(top.element.name) ?? [];
}

/** hyparquet nests a struct's member once for each level that may be null. */
export function memberOf(value: unknown): unknown {
  let plain = value;
  while (Array.isArray(plain)) plain = plain[0] as unknown;
  return plain ?? null;
}

function cellOf(value: unknown): Cell {
  switch (typeof value) {
    case 'string':
    case 'number':
      return value;
    case 'bigint':
      return Number(value);
    default:
      return Array.isArray(value) ? value.map(cellOf) : null;
  }
}
