/**
 * The dependencies of activities that benches and tests call in their own process: no worker, and
 * no engine unless the caller adds it.
 */
import type { ActivityDependencies } from './dependencies';
import { openStore } from '../storage/open-store';
import type { Store } from '../storage/store';

/**
 * @param root folder of relative paths
 * @param store where every URI leads;
 * @default the one that it names
 */
export function localDependencies(root: string, store?: Store): ActivityDependencies {
  return {
    root,
    openStore: (uri) => store ?? openStore(root, uri),
    engine: { run: () => Promise.reject(new Error('there is no engine here')) },
    monotonicMs: () => performance.now(),
    notifyEpoch: () => Promise.resolve(),
  };
}
