/** A split's table, or tables: one place or a brace pattern of them, each JSONL, TSV or a WebDataset shard, from a folder, a bucket or the web. */
import { PermanentError } from '../../workflows/contract/failures';
import { inOrder } from '../in-order';
import { openSource } from '../storage/open-source';
import type { SourceOptions } from '../storage/source';
import { expandBraces } from './brace-pattern';
import { absolute, readInput, told } from './read-input';
import { parseTable, type RejectedRow, type TableRow } from './table';
import { readWebDatasetShard } from './webdataset';

const TABLES_AT_ONCE = 8;

export interface Rows {
  rows: TableRow[];
  rejected: RejectedRow[];
}

/**
 * @param field for errors: `corpus.train`
 * @throws {PermanentError} RunFileInvalid when a table is not there, CorpusInvalid when a shard is broken
 */
export async function readTables(root: string, field: string, pattern: string, sources: SourceOptions): Promise<Rows> {
  const all: Rows = { rows: [], rejected: [] };
  const seen = new Set<string>();
  for await (const { rows, rejected } of inOrder(namesOf(field, pattern), TABLES_AT_ONCE, (name) =>
    readTable(root, field, name, sources),
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

async function readTable(root: string, field: string, name: string, sources: SourceOptions): Promise<Rows> {
  const place = absolute(root, name);
  const expected = 'a table of clips: JSONL, TSV or WebDataset shards';
  if (!/\.tar(\?.*)?$/i.test(name)) return parseTable(await readInput({ root, sources }, field, name, expected), place);
  return await told(field, place, expected, () => readWebDatasetShard(place, openSource(place, sources)));
}

function namesOf(field: string, pattern: string): string[] {
  try {
    return expandBraces(pattern);
  } catch (error) {
    throw new PermanentError('RunFileInvalid', `${field}: ${(error as Error).message}`, { cause: error });
  }
}
