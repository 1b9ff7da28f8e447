/**
 * What logits jobs work with in a measured process: a store in a folder, and models kept loaded.
 */
import { openEngine } from '../../ced/engine/engine';
import type { JobContext } from '../../jobs/job-context';
import { MappedModel } from '../../jobs/mapped-model';
import { FolderStore } from '../../storage/folder-store';
import { openObjectCache } from '../../storage/open-store';

export function logitsContext(folder: string): JobContext {
  const store = new FolderStore(folder);
  const engine = openEngine();
  const loaded = new Map<string, Promise<MappedModel>>();
  return {
    store,
    engine,
    cache: openObjectCache({}),
    monotonicMs: () => performance.now(),
    onProgress: () => undefined,
    commit: () => Promise.reject(new Error('nothing is trained here')),
    onEpoch: () => undefined,
    yieldAndCheckStop: () => Promise.resolve(false),
    teacher: (sha256, precision, vocabulary) => {
      const model =
        loaded.get(sha256) ?? MappedModel.load(store, engine, sha256, precision, vocabulary);
      loaded.set(sha256, model);
      return model;
    },
  };
}
