/**
 * A split's table, or tables: one place or a brace pattern of them, each JSONL, TSV or a WebDataset
 * shard, from a folder, a bucket or the web.
 */
import { basename } from 'node:path';
import { PermanentError } from '../../workflows/contract/failures';
import { mapOrdered } from '../../storage/map-ordered';
import { openSource } from '../../storage/sources/open-source';
import { type SourceOptions, readSource, type Source } from '../../storage/sources/source';
import { expandBraces } from '../../ced/corpus/brace-pattern';
import { absolute, readInputBytes, told } from './read-input';
import { pathOf } from '../../ced/corpus/address';
import { parseTable } from '../../ced/corpus/table';
import type { TableRows } from '../../ced/corpus/table-row';
import { FormatInvalid } from '../../ced/format-invalid';
import { readWebDatasetShard } from '../../ced/corpus/webdataset';
import { TarInvalid, type ReadAt } from '../../ced/corpus/tar-members';

const TABLES_AT_ONCE = 8;
/**
 * Headers lie between clips of 100 kB and more: a small window reads a header, the label beside it
 * and the next header at once.
 */
const WINDOW_BYTES = 16 << 10;

/**
 * Several tables may use one clip id: from the second on the table's name stands before it.
 * @param field for errors: `corpus.train`
 * @throws {PermanentError} RunFileInvalid when a table is not there, CorpusInvalid when a shard
 *   is broken
 */
export async function readTables(
  root: string,
  field: string,
  pattern: string,
  sources: SourceOptions,
): Promise<TableRows> {
  const all: TableRows = { rows: [], rejected: [], notes: [] };
  const seen = new Set<string>();
  const names = namesOf(field, pattern);
  const tables = mapOrdered(names, TABLES_AT_ONCE, async (name) => ({
    name,
    table: await readTable(root, field, name, sources),
  }));
  for await (const { name, table } of tables) {
    for (const row of table.rejected) all.rejected.push(row);
    for (const note of table.notes) all.notes.push(note);
    for (const row of table.rows) {
      const clip = seen.has(row.clip) ? `${basename(pathOf(name))}/${row.clip}` : row.clip;
      if (seen.has(clip)) all.rejected.push({ clip, reason: 'duplicate clip id' });
      else all.rows.push({ ...row, clip });
      seen.add(clip);
    }
  }
  return all;
}

async function readTable(
  root: string,
  field: string,
  name: string,
  sources: SourceOptions,
): Promise<TableRows> {
  const place = absolute(root, name);
  const expected = 'a table of clips: JSONL, TSV, CSV or WebDataset shards';
  if (!/\.tar$/i.test(pathOf(place))) {
    const bytes = await readInputBytes({ root, sources }, field, name, expected);
    try {
      return parseTable(bytes, place);
    } catch (error) {
      if (!(error instanceof FormatInvalid)) throw error;
      const message = `${field}: ${place}: ${error.message}`;
      throw new PermanentError('CorpusInvalid', message, { cause: error });
    }
  }
  return await told(field, place, expected, async () => {
    const source = openSource(place, sources);
    const readAt = windowed(source, (await source.describe())?.bytes ?? null);
    await refuseGzip(readAt);
    return await readWebDatasetShard(place, { name: source.name, readAt });
  });
}

async function refuseGzip(readAt: ReadAt): Promise<void> {
  const [first, second] = await readAt(0, 2);
  if (first === 0x1f && second === 0x8b)
    throw new TarInvalid(
      'it is gzip data, whose members cannot be read in place; decompress it with gunzip',
    );
}

function namesOf(field: string, pattern: string): string[] {
  try {
    return expandBraces(pattern);
  } catch (error) {
    throw new PermanentError('RunFileInvalid', `${field}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function windowed(source: Source, length: number | null): ReadAt {
  let start = 0;
  let window: Buffer = Buffer.alloc(0);
  return async (offset, bytes) => {
    if (length !== null && offset >= length) return Buffer.alloc(0);
    const covered = offset >= start && offset + bytes <= start + window.length;
    if (!covered) {
      const wanted = Math.max(bytes, WINDOW_BYTES);
      const available = length === null ? bytes : Math.min(wanted, length - offset);
      window = await readSource(source, available, { offset, bytes: available });
      start = offset;
    }
    return window.subarray(offset - start, offset - start + bytes);
  };
}
