/** What the download stage stands on when it is measured: a folder, and no engine. */
import type { ActivityDependencies } from '../activities/dependencies';
import { openStore } from '../activities/storage/open-store';

export function ingestDependencies(root: string): ActivityDependencies {
  return {
    root,
    openStore: (uri) => openStore(root, uri),
    engine: { run: () => Promise.reject(new Error('ingest needs no engine')) },
    monotonicMs: () => performance.now(),
    notifyEpoch: () => Promise.resolve(),
  };
}
