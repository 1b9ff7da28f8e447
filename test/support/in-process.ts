/**
 * A store in a folder, and what activities and jobs stand on when a test runs them directly,
 * without a worker.
 */
import { join } from 'node:path';
import { commitCheckpoint } from '../../jobs/train/checkpoint-commit';
import type { JobContext } from '../../jobs/job-context';
import { logitsJob } from '../../jobs/logits/logits-job';
import type { ActivityDependencies } from '../../activities/dependencies';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { ingestShard } from '../../activities/ingest-shard';
import { planCorpus } from '../../activities/plan-corpus';
import { writeLogits } from '../../activities/write-logits';
import { MappedModel } from '../../jobs/mapped-model';
import { FolderStore } from '../../storage/folder-store';
import { ObjectCache } from '../../storage/object-cache';
import { readStoredLogits, verifyStoredLogits } from '../../jobs/train/stored-logits';
import { openEngine } from '../../ced/engine/engine';
import type { LogitsInput, LogitsShard, PlanInput } from '../../workflows/contract/activities';
import type { Split } from '../../workflows/contract/models';
import type { LogitTable } from '../../ced/logits/logit-table';

const ignore = (): void => undefined;

export function storeBelow(folder: string): FolderStore {
  return new FolderStore(join(folder, 'store'));
}

export function jobContextOn(store: FolderStore): JobContext {
  return {
    store,
    engine: openEngine(),
    cache: new ObjectCache({ folder: join(store.uri, '..', 'copies'), maxBytes: 1e9 }),
    monotonicMs: () => performance.now(),
    onProgress: ignore,
    onEpoch: ignore,
    commit: (checkpoint) => commitCheckpoint(store, checkpoint),
    yieldAndCheckStop: () => Promise.resolve(false),
    teacher: (sha256, precision, vocabulary, missing) =>
      MappedModel.load(store, openEngine(), sha256, precision, vocabulary, missing),
  };
}

/**
 * A corpus planned, ingested and finalized, whose splits are one shard each.
 * @returns key of its plan
 */
export async function ingestCorpus(
  deps: ActivityDependencies,
  corpus: PlanInput['corpus'],
  {
    chunkSeconds = 1,
    splits = ['train', 'validation'],
  }: { chunkSeconds?: number; splits?: readonly Split[] } = {},
): Promise<string> {
  const { planKey } = await planCorpus(deps, { store: '', corpus, chunkSeconds }, ignore);
  for (const split of splits)
    await ingestShard(deps, { store: '', planKey, split, shard: 0 }, ignore);
  await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds });
  return planKey;
}

/** A shard's logits predicted and written, as a run's two activities do it. */
export async function predictAndWrite(
  context: JobContext,
  input: LogitsInput,
): Promise<LogitsShard> {
  const rows = await logitsJob(context, input);
  if (!('audioShard' in rows)) return rows;
  const { store, monotonicMs } = context;
  return await writeLogits(
    { openStore: () => store, monotonicMs },
    { store: '', shard: input.shard, ...rows },
  );
}

/** Every shard's logits, whole. */
export async function storedTables(
  store: FolderStore,
  logitsKey: string,
  audioShards: readonly string[],
): Promise<LogitTable[]> {
  const tables: LogitTable[] = [];
  const hashes = await verifyStoredLogits(store, logitsKey, audioShards, () => Promise.resolve());
  for await (const table of readStoredLogits(store, logitsKey, audioShards, hashes))
    tables.push(table);
  return tables;
}
