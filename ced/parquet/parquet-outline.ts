/**
 * What the footer of a Parquet file says of its columns and row groups, so that the rest can be
 * read by range. Claims are held against the file's length here; pages are checked when they are
 * read.
 */
import type { FileMetaData, parquetSchema } from 'hyparquet';
import { isListLike, isMapLike } from 'hyparquet/src/schema.js';
import type { ByteRange } from '../corpus/address';
import { ParquetBroken } from './parquet-pages';
import { checkedMetadata, translated } from './parquet-reader';

type SchemaTree = ReturnType<typeof parquetSchema>;
type ColumnChunk = FileMetaData['row_groups'][number]['columns'][number];

/** What a leaf column holds. A list's items have the kind; `other` is not read. */
export type LeafKind = 'bytes' | 'text' | 'integer' | 'other';

export interface LeafColumn {
  /** Names from the outermost column on: `audio`, `bytes` for a member of a struct. */
  path: string[];
  kind: LeafKind;
  isList: boolean;
  /** For each name of `path`, whether it may be null; of a list, nothing. */
  optional: boolean[];
}

export interface ChunkPlace extends ByteRange {
  codec: string;
  /** Values that are null; null where the file does not say. */
  nulls: number | null;
  decompressedBytes: number;
}

export interface ParquetOutline {
  rows: number;
  columns: LeafColumn[];
  /** `chunks` in the order of `columns`. */
  groups: { rows: number; chunks: ChunkPlace[] }[];
  metadata: Record<string, string>;
}

/** Magic number at both ends, and the length of the footer before the last. */
export const FOOTER_END_BYTES = 8;
/** Of a footer: a hundred thousand row groups and their columns. */
export const LARGEST_FOOTER_BYTES = 2 ** 26;

/**
 * Length of the footer with its end, by the file's last 8 bytes.
 * @returns null when they are not the end of a Parquet file of that length
 */
export function footerBytes(end: Uint8Array, fileBytes: number): number | null {
  const view = new DataView(end.buffer, end.byteOffset, end.byteLength);
  if (end.byteLength !== FOOTER_END_BYTES || view.getUint32(4, true) !== 0x31524150) return null;
  const bytes = view.getUint32(0, true) + FOOTER_END_BYTES;
  return bytes > fileBytes - 4 ? null : bytes;
}

/**
 * @param footer the end of the file, from where the footer begins
 * @throws {FormatInvalid}
 */
export function readOutline(footer: Uint8Array, fileBytes: number): ParquetOutline {
  return translated('Parquet file', () => {
    const { file, rows, tree } = checkedMetadata(footer);
    const leaves = tree.children.flatMap((child) => leavesOf(child));
    const end = fileBytes - footer.length;
    return {
      rows,
      columns: leaves,
      groups: file.row_groups.map((group, index) => {
        if (group.columns.length !== leaves.length)
          throw new ParquetBroken(
            `row group ${index} has ${group.columns.length} of ${leaves.length} columns`,
          );
        const chunks = leaves.map((leaf, at) => placeOf(group.columns[at]!, leaf, end));
        return { rows: Number(group.num_rows), chunks };
      }),
      metadata: Object.fromEntries(
        (file.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? '']),
      ),
    };
  });
}

function leavesOf(node: SchemaTree, above: SchemaTree[] = []): LeafColumn[] {
  const path = [...above, node];
  if (node.children.length > 0) return node.children.flatMap((child) => leavesOf(child, path));
  const [top, ...inner] = path as [SchemaTree, ...SchemaTree[]];
  const names = path.map(({ element }) => element.name);
  const isRepeated = path.some(({ element }) => element.repetition_type === 'REPEATED');
  const isList = isListLike(top) && path.length === 3;
  const isStruct = !isRepeated && path.length === 2 && !isMapLike(top);
  const isFlat = !isRepeated && inner.length === 0;
  return [
    {
      path: isList ? names.slice(0, 1) : names,
      kind: isFlat || isList || isStruct ? kindOf(node) : 'other',
      isList,
      optional: isList ? [] : path.map(({ element }) => element.repetition_type === 'OPTIONAL'),
    },
  ];
}

function kindOf({ element }: SchemaTree): LeafKind {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === 'INT32' || type === 'INT64')
    return converted === undefined || /^U?INT_/.test(converted) ? 'integer' : 'other';
  if (type !== 'BYTE_ARRAY') return 'other';
  if (converted === 'UTF8' || logical?.type === 'STRING') return 'text';
  return converted === undefined && logical === undefined ? 'bytes' : 'other';
}

/** @param end where the footer begins */
function placeOf(column: ColumnChunk, leaf: LeafColumn, end: number): ChunkPlace {
  const { meta_data: chunk, file_path: path } = column;
  const name = leaf.path.join('.');
  if (path) throw new ParquetBroken(`its column ${name} lies in another file`);
  if (!chunk) throw new ParquetBroken(`its column ${name} is encrypted`);
  if (chunk.path_in_schema[0] !== leaf.path[0])
    throw new ParquetBroken(`its column ${name} is not where its schema has it`);
  const offset = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const bytes = Number(chunk.total_compressed_size);
  if (!(offset >= 4 && bytes >= 0 && offset + bytes <= end))
    throw new ParquetBroken(`a column claims bytes ${offset} to ${offset + bytes} of the file`);
  const nulls = chunk.statistics?.null_count;
  return {
    offset,
    bytes,
    codec: chunk.codec,
    nulls: nulls === undefined ? null : Number(nulls),
    decompressedBytes: Number(chunk.total_uncompressed_size),
  };
}
