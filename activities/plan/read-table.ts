/** A split's table, or tables: one place or a brace pattern of them, each JSONL, TSV or a WebDataset shard, from a folder, a bucket or the web. */
import { resolve } from 'node:path';
import { PermanentError } from '../../workflows/contract/failures';
import { inOrder } from '../in-order';
import { carriesCredential, CREDENTIAL_REFUSED } from '../storage/credentials';
import { openSource } from '../storage/open-source';
import { isUri, readSource, SourceUnreadable, type SourceOptions } from '../storage/source';
import { expandBraces } from './brace-pattern';
import { parseTable, type RejectedRow, type TableRow } from './table';
import { TarInvalid } from './tar-members';
import { readWebDatasetShard } from './webdataset';

const LARGEST_TABLE_BYTES = 2 ** 29;
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

/** A whole small text. @throws {PermanentError} RunFileInvalid naming the field, the place and what is expected */
export async function readInput(root: string, field: string, path: string, expected: string, sources: SourceOptions): Promise<string> {
  const place = absolute(root, path);
  const bytes = await told(field, place, expected, () => readSource(openSource(place, sources), LARGEST_TABLE_BYTES));
  return bytes.toString('utf8');
}

async function readTable(root: string, field: string, name: string, sources: SourceOptions): Promise<Rows> {
  const place = absolute(root, name);
  const expected = 'a table of clips: JSONL, TSV or WebDataset shards';
  if (!/\.tar(\?.*)?$/i.test(name)) return parseTable(await readInput(root, field, name, expected, sources), place);
  return await told(field, place, expected, () => readWebDatasetShard(place, openSource(place, sources)));
}

async function told<T>(field: string, place: string, expected: string, read: () => Promise<T>): Promise<T> {
  if (carriesCredential(place)) throw new PermanentError('RunFileInvalid', `${field}: ${withoutSecrets(place)}: ${CREDENTIAL_REFUSED}`);
  try {
    return await read();
  } catch (error) {
    if (error instanceof TarInvalid) throw new PermanentError('CorpusInvalid', `${field}: ${place}: ${error.message}`, { cause: error });
    if (!(error instanceof SourceUnreadable)) throw error;
    const code = (error.cause as NodeJS.ErrnoException | undefined)?.code;
    const reason = code === undefined ? `: ${error.message}` : ` (${code})`;
    throw new PermanentError('RunFileInvalid', `${field}: ${withoutSecrets(place)} cannot be read${reason}, expected ${expected}`, {
      cause: error,
    });
  }
}

function namesOf(field: string, pattern: string): string[] {
  try {
    return expandBraces(pattern);
  } catch (error) {
    throw new PermanentError('RunFileInvalid', `${field}: ${(error as Error).message}`, { cause: error });
  }
}

function absolute(root: string, place: string): string {
  return isUri(place) ? place : resolve(root, place);
}

/** Signed addresses carry their secret in the query, others before the host. */
function withoutSecrets(place: string): string {
  return isUri(place) ? place.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//') : place;
}
