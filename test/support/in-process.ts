/** A store in a folder, and what activities and jobs stand on when a test runs them directly, without a worker. */
import { join } from 'node:path';
import type { ActivityDependencies } from '../../activities/dependencies';
import type { JobContext } from '../../activities/job-context';
import { MappedModel } from '../../activities/mapped-model';
import { FolderStore } from '../../activities/storage/folder-store';
import { openEngine } from '../../ced/engine/engine';

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
    monotonicMs: () => performance.now(),
    onProgress: ignore,
    onEpoch: ignore,
    breathe: () => Promise.resolve(false),
    teacher: (sha256, precision, vocabulary) => MappedModel.load(store, openEngine(), sha256, precision, vocabulary),
  };
}
