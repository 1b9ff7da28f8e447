/** A store in a folder, and what activities and jobs stand on when a test runs them directly, without a worker. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActivityDependencies } from '../../activities/dependencies';
import { commitCheckpoint } from '../../activities/distill/checkpoint-commit';
import type { JobContext } from '../../activities/job-context';
import { MappedModel } from '../../activities/mapped-model';
import { FolderStore } from '../../activities/storage/folder-store';
import { readStoredLogits } from '../../activities/distill/stored-lessons';
import { openEngine } from '../../ced/engine/engine';
import type { LogitTable } from '../../ced/logits/logit-table';

const ignore = (): void => undefined;

export function storeBelow(folder: string): FolderStore {
  return new FolderStore(join(folder, 'store'));
}

export function dependenciesOn(folder: string, store: FolderStore): ActivityDependencies {
  return {
    root: folder,
    openStore: () => store,
    engine: { run: () => Promise.reject(new Error('jobs are run directly')) },
    monotonicMs: () => performance.now(),
    notifyEpoch: () => Promise.resolve(),
  };
}

export function jobContextOn(store: FolderStore): JobContext {
  return {
    store,
    engine: openEngine(),
    scratchFolder: tmpdir(),
    monotonicMs: () => performance.now(),
    onProgress: ignore,
    onEpoch: ignore,
    commit: (checkpoint) => commitCheckpoint(store, checkpoint),
    breathe: () => Promise.resolve(false),
    teacher: (sha256, precision, vocabulary) => MappedModel.load(store, openEngine(), sha256, precision, vocabulary),
  };
}

/** Every shard's logits, whole. */
export async function storedTables(store: FolderStore, logitsKey: string, audioShards: readonly string[]): Promise<LogitTable[]> {
  const tables: LogitTable[] = [];
  await readStoredLogits(store, logitsKey, audioShards, (_, table) => tables.push(table));
  return tables;
}
