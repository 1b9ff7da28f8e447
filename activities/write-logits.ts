/**
 * Makes the file for keeping of the rows that a shard's teachers gave, and then removes the rows:
 * data first, manifest last. It takes no GPU, so it runs on another worker while the teachers
 * predict the next shard. The first commit of a shard wins; later writers adopt it.
 */
import { FormatInvalid } from '../ced/format-invalid';
import { decodeRows } from '../ced/logits/row-file';
import { encodeLogitShard } from '../ced/logits/shard-file';
import type { LogitsShard, WriteLogitsInput } from '../workflows/contract/activities';
import { StoreDamaged } from '../workflows/contract/damage';
import type { ActivityDependencies } from './dependencies';
import { layout } from '../storage/layout';
import { createRecordOrAdopt, quarantine } from '../storage/quarantine';
import { ContentDiffers, sha256, type Store } from '../storage/store';
import {
  logitsRecord,
  rowNotesSchema,
  storedShard,
  type LogitsManifest,
  type RowNotes,
} from '../storage/logits/stored-shard';
import { schemaProblems } from '../workflows/contract/schema-problems';
import type { LogitTable } from '../ced/logits/logit-table';

/**
 * @param onAlive called while the shard is encoded
 * @throws {StoreDamaged} when the rows are damaged, and then quarantined, or missing: the teachers
 *   must predict the shard again
 */
export async function writeLogits(
  deps: Pick<ActivityDependencies, 'openStore' | 'monotonicMs' | 'signal'>,
  { store: uri, logitsKey, audioShard, shard }: WriteLogitsInput,
  onAlive: () => void = () => undefined,
): Promise<LogitsShard> {
  const store = deps.openStore(uri);
  const onPart = (): void => {
    deps.signal?.throwIfAborted();
    onAlive();
  };
  const rowsKey = layout.logitsRows(logitsKey, audioShard);
  const bytes = await store.read(rowsKey);
  const present = await storedShard(store, logitsKey, audioShard);
  if (present === null)
    await commit(store, logitsKey, audioShard, await verifiedRows(store, rowsKey, bytes, shard), {
      monotonicMs: deps.monotonicMs,
      onPart,
    });
  // Also those that a writer left which died after its commit. An account that may delete nothing
  // leaves them; they mean nothing any more.
  await store.remove(rowsKey).catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== 'StorageDenied') throw error;
  });
  const stored = present ?? (await storedShard(store, logitsKey, audioShard));
  if (stored === null)
    throw new Error(`logits/${logitsKey}: what was written of shard ${shard} is gone`);
  return { ...stored, reused: present !== null };
}

async function verifiedRows(
  store: Store,
  key: string,
  bytes: Uint8Array | null,
  shard: number,
): Promise<PredictedRows> {
  let why = 'missing';
  try {
    if (bytes !== null) return predictedRows(bytes);
  } catch (error) {
    if (!(error instanceof FormatInvalid)) throw error;
    why = `damaged (${error.message})`;
    await quarantine(store, key);
  }
  throw new StoreDamaged([{ kind: 'logits', shard }], `${store.uri}: ${key} is ${why}`);
}

interface PredictedRows {
  table: LogitTable;
  notes: RowNotes;
}

/** @throws {FormatInvalid} */
function predictedRows(bytes: Uint8Array): PredictedRows {
  const { table, notes } = decodeRows(bytes);
  const parsed = rowNotesSchema.safeParse(notes);
  if (parsed.success) return { table, notes: parsed.data };
  throw new FormatInvalid('logit rows', schemaProblems(parsed.error, 'notes')[0] ?? 'its notes');
}

async function commit(
  store: Store,
  logitsKey: string,
  audioShard: string,
  { table, notes }: PredictedRows,
  { monotonicMs, onPart }: { monotonicMs: () => number; onPart: () => void },
): Promise<void> {
  const startedMs = monotonicMs();
  const key = layout.logits(logitsKey, audioShard);
  const mine = await encodeLogitShard(table, { onPart });
  let bytes: Uint8Array = mine;
  try {
    await store.create(key, mine);
  } catch (error) {
    if (!(error instanceof ContentDiffers)) throw error;
    // A machine of another kind was first: every student learns from its rows.
    bytes = (await store.read(key)) ?? mine;
  }
  const manifest: LogitsManifest = {
    formatVersion: 1,
    rowsPlanned: table.rows + (notes.leftOut?.rows ?? 0),
    rowsWritten: table.rows,
    sha256: sha256(bytes),
    bytes: bytes.byteLength,
    ...notes,
    seconds: notes.seconds + (monotonicMs() - startedMs) / 1000,
  };
  // Only `seconds` can differ between two writers, the scores between two kinds of machine or
  // corpora.
  await createRecordOrAdopt(
    store,
    layout.logitsManifest(logitsKey, audioShard),
    logitsRecord,
    manifest,
  );
}
