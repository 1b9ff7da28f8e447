/**
 * A split's table, or tables: one place or a pattern of them, each JSONL, TSV, Parquet or a
 * WebDataset shard, from a folder, a bucket or the web.
 */
import { basename } from 'node:path';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { PermanentError } from '../../workflows/contract/failures';
import { mapOrdered } from '../../storage/map-ordered';
import { openSource } from '../../storage/sources/open-source';
import { type SourceOptions, readSource, type Source } from '../../storage/sources/source';
import { absolute, readInputBytes, told } from './read-input';
import { findParquetRows, readParquetTable } from './read-parquet';
import { findMembers, readShard } from './read-shard';
import { tableNames } from './table-names';
import { pathOf } from '../../ced/corpus/address';
import { parseTableInParts } from '../../ced/corpus/table';
import type { TableRows } from '../../ced/corpus/table-row';
import { FormatInvalid } from '../../ced/format-invalid';
import { foreignContent, LOOKED_AT_BYTES } from '../../ced/corpus/foreign-content';

const TABLES_AT_ONCE = 8;

/**
 * Several tables may use one clip id: from the second on the table's name stands before it, and its
 * whole path where tables of several folders have one name.
 * @param field for errors: `corpus.train`
 * @param audioRoot where relative paths of audio start; absent = each table's folder
 * @throws {PermanentError} RunFileInvalid when a table is not there, CorpusInvalid when a shard
 *   is broken
 */
export async function readTables(
  root: string,
  field: string,
  pattern: string,
  sources: SourceOptions,
  audioRoot?: string,
): Promise<TableRows> {
  const all: TableRows = { rows: [], rejected: [], notes: [] };
  const seen = new Set<string>();
  const names = await tableNames(root, field, pattern, sources);
  const tables = mapOrdered(names, TABLES_AT_ONCE, async (name) => ({
    name,
    table: await readTable({ root, field, name, sources, audioRoot }),
  }));
  for await (const { name, table } of tables) {
    for (const row of table.rejected) all.rejected.push(row);
    // The files of one dataset have the same columns.
    for (const note of table.notes) if (!all.notes.includes(note)) all.notes.push(note);
    for (const row of table.rows) {
      const ids = [row.clip, `${basename(pathOf(name))}/${row.clip}`, `${name}/${row.clip}`];
      const clip = ids.find((id) => !seen.has(id));
      if (clip === undefined) all.rejected.push({ clip: row.clip, reason: 'duplicate clip id' });
      else all.rows.push({ ...row, clip });
      seen.add(clip ?? row.clip);
    }
  }
  return all;
}

interface TablePlace {
  root: string;
  field: string;
  name: string;
  sources: SourceOptions;
  audioRoot: string | undefined;
}

async function readTable({
  root,
  field,
  name,
  sources,
  audioRoot,
}: TablePlace): Promise<TableRows> {
  const place = absolute(root, name);
  const expected = 'a table of clips: JSONL, TSV, CSV, Parquet or WebDataset shards';
  const base = audioRoot === undefined ? undefined : absolute(root, audioRoot);
  if (/\.parquet$/i.test(pathOf(place)))
    return await told(field, place, expected, () =>
      valid(field, place, readParquetTable(place, sources, base)),
    );
  if (!/\.tar$/i.test(pathOf(place))) {
    if (NO_TEXT.test(pathOf(place)))
      await told(field, place, expected, () =>
        beginningOf(openSource(place, sources)).then(({ beginning }) =>
          refuseForeign(field, place, beginning, 'a text table'),
        ),
      );
    const bytes = await readInputBytes({ root, sources }, field, name, expected);
    const parsing = parseTableInParts(bytes, place, base, async () => {
      await yieldToEventLoop();
      sources.retry?.signal?.throwIfAborted();
      sources.retry?.onBytes?.();
    });
    const table = await valid(field, place, parsing);
    await findParquetRows(table, sources);
    await findMembers(table, sources);
    return table;
  }
  return await told(field, place, expected, async () => {
    const source = openSource(place, sources);
    const { beginning, length } = await beginningOf(source);
    if (beginning.subarray(257, 262).toString('latin1') !== 'ustar')
      refuseForeign(field, place, beginning, 'a tar archive', IN_PLACE);
    return await readShard(place, source, length);
  });
}

/** @throws {PermanentError} CorpusInvalid naming the table, for a file that is none */
async function valid<T>(field: string, place: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof FormatInvalid)) throw error;
    const message = `${field}: ${place}: ${error.message}`;
    throw new PermanentError('CorpusInvalid', message, { cause: error });
  }
}

/** Files that may be larger than any table: their first bytes say what they are. */
const NO_TEXT = /\.(gz|tgz|bz2|xz|zst|zip|7z|h5|hdf5|arrow|feather|npz|pkl)$/i;
/** Whose members would have to be unpacked to be read. */
const IN_PLACE = /^(gzip|zstd|bzip2|xz) data$/;

async function beginningOf(source: Source): Promise<{ beginning: Buffer; length: number | null }> {
  const length = (await source.describe())?.bytes ?? null;
  const bytes = Math.min(LOOKED_AT_BYTES, length ?? 512);
  return { beginning: await readSource(source, bytes, { offset: 0, bytes }), length };
}

/** @throws {PermanentError} CorpusInvalid naming what the file is instead */
function refuseForeign(
  field: string,
  place: string,
  beginning: Uint8Array,
  expected: string,
  inPlace?: RegExp,
): void {
  const foreign = foreignContent(beginning);
  if (foreign === null) return;
  const why = inPlace?.test(foreign.what)
    ? `${foreign.what}, whose members cannot be read in place`
    : `${foreign.what}, not ${expected}`;
  throw new PermanentError('CorpusInvalid', `${field}: ${place}: it is ${why}; ${foreign.remedy}`);
}
