/**
 * Parquet files of clips, as Hugging Face's `datasets` uploads them: the footer, the labels and the
 * paths are read by range and decoded in a process of their own; the audio stays where it is until
 * a shard is made of it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isUri, pathOf, withoutSlashesAtEnd, type ByteRange } from '../../ced/corpus/address';
import { chooseAudioColumns, type AudioColumns } from '../../ced/corpus/parquet-columns';
import { holdsBytes, ParquetCells, parquetClips } from '../../ced/corpus/parquet-table';
import { audioPlace } from '../../ced/corpus/table';
import type { TableRows } from '../../ced/corpus/table-row';
import { foreignContent } from '../../ced/corpus/foreign-content';
import { FormatInvalid } from '../../ced/format-invalid';
import type { Cell } from '../../ced/parquet/parquet-excerpt';
import {
  FOOTER_END_BYTES,
  footerBytes,
  LARGEST_FOOTER_BYTES,
  type ParquetOutline,
} from '../../ced/parquet/parquet-outline';
import { mapOrdered } from '../../storage/map-ordered';
import type { Decoded, DecodingKind } from '../../storage/reader/decodings';
import { readApart } from '../../storage/reader/read-apart';
import { openSource } from '../../storage/sources/open-source';
import { readSource, type Source, type SourceOptions } from '../../storage/sources/source';
import { findEmbedded } from './embedded-rows';

/** Most footers are shorter: one request reads them. */
const FIRST_READ_BYTES = 2 ** 16;
/** Of the labels and paths of one file: they are in memory together. */
const LARGEST_EXCERPT_BYTES = 2 ** 28;
/** Chunks that lie as near to each other are read at once. */
const NEAR_BYTES = 2 ** 16;
const READS_AT_ONCE = 8;

interface OpenFile {
  source: Source;
  footer: Buffer;
  outline: ParquetOutline;
  columns: AudioColumns;
}

/**
 * @param audioRoot where relative paths start, of files that hold paths instead of audio
 * @throws {FormatInvalid | SourceUnreadable}
 */
export async function readParquetTable(
  place: string,
  sources: SourceOptions,
  audioRoot?: string,
): Promise<TableRows> {
  const file = await openParquet(place, sources);
  const { outline, columns } = file;
  const name = basename(pathOf(place));
  const wanted = [columns.path, columns.label].filter((column) => column !== null);
  const values = await readColumns(file, wanted, sources);
  const valuesOf = (column: number | null): readonly Cell[] | null =>
    column === null ? null : (values[wanted.indexOf(column)] ?? null);
  const clips = parquetClips(
    name,
    outline.rows,
    columns,
    valuesOf(columns.path),
    valuesOf(columns.label),
  );
  const table: TableRows = { rows: [], rejected: [], notes: [columns.note] };
  const cells = cellsOf(file);
  const base = audioRoot === undefined ? place : `${withoutSlashesAtEnd(audioRoot)}/${name}`;
  for (const { clip, row, path, labels } of clips) {
    const own = cells
      ? { audio: place, row, ...cells.find(row)! }
      : path === null
        ? null
        : audioPlace(path, base, isUri(place));
    if (typeof own === 'string') table.rejected.push({ clip, reason: own });
    else if (own) table.rows.push({ clip, ...own, labels });
    else table.rejected.push({ clip, reason: `row ${row} of ${name} has no audio` });
  }
  return table;
}

/** Finds the audio of rows that name a Parquet file and a row of it; rejects those without. */
export async function findParquetRows(table: TableRows, sources: SourceOptions): Promise<void> {
  const open = async (place: string): Promise<ParquetCells | string> =>
    cellsOf(await openParquet(place, sources)) ?? `${place} holds paths and no audio`;
  await findEmbedded(table, 'row', open, (cells, { row }) => cells.find(row!));
}

async function openParquet(place: string, sources: SourceOptions): Promise<OpenFile> {
  const source = openSource(place, sources);
  const bytes = (await source.describe())?.bytes ?? null;
  if (bytes === null) {
    // Says what cannot be read, where nothing is.
    await readSource(source, FOOTER_END_BYTES, { offset: 0, bytes: FOOTER_END_BYTES });
    throw new FormatInvalid('table', 'its server does not state its length');
  }
  const footer = await readFooter(source, bytes);
  const outline = await decodeApart('parquetOutline', footer, bytes, sources);
  return { source, footer, outline, columns: chooseAudioColumns(outline) };
}

async function readFooter(source: Source, fileBytes: number): Promise<Buffer> {
  const read = async (bytes: number): Promise<Buffer> =>
    await readSource(source, bytes, { offset: fileBytes - bytes, bytes });
  const end = await read(Math.min(FIRST_READ_BYTES, fileBytes));
  const bytes = footerBytes(end.subarray(-FOOTER_END_BYTES), fileBytes);
  if (bytes === null) {
    const foreign = foreignContent(end);
    throw new FormatInvalid(
      'table',
      foreign && foreign.what !== 'a Parquet file'
        ? `it is ${foreign.what}, not a Parquet file; ${foreign.remedy}`
        : 'it does not end as a Parquet file does; fetch it again',
    );
  }
  if (bytes > LARGEST_FOOTER_BYTES)
    throw new FormatInvalid('table', `its footer has ${bytes} bytes; write larger row groups`);
  return bytes > end.length ? await read(bytes) : end.subarray(-bytes);
}

/** @returns the cells of each column */
async function readColumns(
  { source, footer, outline }: OpenFile,
  columns: number[],
  sources: SourceOptions,
): Promise<Cell[][]> {
  if (columns.length === 0) return [];
  const places = outline.groups.flatMap(({ chunks }) => columns.map((column) => chunks[column]!));
  const total = places.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > LARGEST_EXCERPT_BYTES)
    throw new FormatInvalid('table', `its labels and paths have ${total} bytes; write more files`);
  const chunks = await readRanges(source, places);
  const question = { columns, chunkBytes: places.map(({ bytes }) => bytes) };
  return await decodeApart('parquetExcerpt', Buffer.concat([...chunks, footer]), question, sources);
}

/** The bytes of each range, those that are near each other by one request. */
async function readRanges(source: Source, ranges: readonly ByteRange[]): Promise<Buffer[]> {
  const spans: (ByteRange & { parts: number[] })[] = [];
  for (const [index, { offset, bytes }] of [...ranges.entries()].sort(
    ([, a], [, b]) => a.offset - b.offset,
  )) {
    const last = spans.at(-1);
    const end = last && last.offset + last.bytes;
    if (last && end !== undefined && offset <= end + NEAR_BYTES) {
      last.bytes = Math.max(end, offset + bytes) - last.offset;
      last.parts.push(index);
    } else spans.push({ offset, bytes, parts: [index] });
  }
  const found: Buffer[] = [];
  const reads = mapOrdered(spans, READS_AT_ONCE, async ({ offset, bytes, parts }) => ({
    offset,
    parts,
    read: await readSource(source, bytes, { offset, bytes }),
  }));
  for await (const { offset, parts, read } of reads)
    for (const part of parts) {
      const start = ranges[part]!.offset - offset;
      found[part] = read.subarray(start, start + ranges[part]!.bytes);
    }
  return found;
}

async function decodeApart<K extends DecodingKind>(
  kind: K,
  bytes: Uint8Array,
  question: unknown,
  sources: SourceOptions,
): Promise<Decoded<K>> {
  const folder = await mkdtemp(join(tmpdir(), 'ced-parquet-'));
  try {
    const path = join(folder, 'excerpt');
    await writeFile(path, bytes);
    const { value } = await readApart(kind, path, 'Parquet file', {
      question,
      ...(sources.retry ? { retry: sources.retry } : {}),
    });
    return value;
  } catch (error) {
    if (!(error instanceof FormatInvalid)) throw error;
    const detail = error.detail.replaceAll(`${join(folder, 'excerpt')}: `, '');
    throw new FormatInvalid('Parquet file', detail, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function cellsOf({ outline, columns: { bytes } }: OpenFile): ParquetCells | null {
  return bytes !== null && holdsBytes(outline, bytes) ? new ParquetCells(outline, bytes) : null;
}
