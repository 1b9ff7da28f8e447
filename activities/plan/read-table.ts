/**
 * A split's table, or tables: one place or a brace pattern of them, each JSONL, TSV or a WebDataset
 * shard, from a folder, a bucket or the web.
 */
import { PermanentError } from '../../workflows/contract/failures';
import { mapOrdered } from '../../storage/map-ordered';
import { openSource } from '../../storage/sources/open-source';
import { type SourceOptions, readSource, type Source } from '../../storage/sources/source';
import { expandBraces } from '../../ced/corpus/brace-pattern';
import { absolute, readInput, told } from './read-input';
import { parseTable, type RejectedRow, type TableRow } from '../../ced/corpus/table';
import { readWebDatasetShard } from '../../ced/corpus/webdataset';
import type { ReadAt } from '../../ced/corpus/tar-members';

const TABLES_AT_ONCE = 8;
/**
 * Headers lie between clips of 100 kB and more: a small window reads a header, the label beside it
 * and the next header at once.
 */
const WINDOW_BYTES = 16 << 10;

export interface Rows {
  rows: TableRow[];
  rejected: RejectedRow[];
}

/**
 * @param field for errors: `corpus.train`
 * @throws {PermanentError} RunFileInvalid when a table is not there, CorpusInvalid when a shard
 *   is broken
 */
export async function readTables(
  root: string,
  field: string,
  pattern: string,
  sources: SourceOptions,
): Promise<Rows> {
  const all: Rows = { rows: [], rejected: [] };
  const seen = new Set<string>();
  for await (const { rows, rejected } of mapOrdered(
    namesOf(field, pattern),
    TABLES_AT_ONCE,
    (name) => readTable(root, field, name, sources),
  )) {
    for (const row of rejected) all.rejected.push(row);
    for (const row of rows) {
      if (seen.has(row.clip)) all.rejected.push({ clip: row.clip, reason: 'duplicate clip id' });
      else all.rows.push(row);
      seen.add(row.clip);
    }
  }
  return all;
}

async function readTable(
  root: string,
  field: string,
  name: string,
  sources: SourceOptions,
): Promise<Rows> {
  const place = absolute(root, name);
  const expected = 'a table of clips: JSONL, TSV or WebDataset shards';
  if (!/\.tar(\?.*)?$/i.test(name))
    return parseTable(await readInput({ root, sources }, field, name, expected), place);
  return await told(field, place, expected, async () => {
    const source = openSource(place, sources);
    const readAt = windowed(source, (await source.describe())?.bytes ?? null);
    return await readWebDatasetShard(place, { name: source.name, readAt });
  });
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
