/**
 * What activities stand on when they are called in this process, as benches and tests do: no
 * worker, and no engine but the one that is added.
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
