/** What the activities of a worker process depend on. */
import type { Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import type { ActivityDependencies, EngineClient } from '../activities/dependencies';
import type { Standstills } from '../jobs/process/standstills';
import { openGuardedStore, type StoreOptions } from '../storage/open-store';
import type { SourceOptions } from '../storage/sources/source';
import type { EpochRecord } from '../workflows/contract/activities';
import { EPOCH_SIGNAL } from '../workflows/contract/names';

export interface DependencyOptions {
  /** Relative paths of run files start here. */
  root: string;
  sources: SourceOptions;
  allowOverlap: boolean;
  storage: StoreOptions;
  /** As Temporal shows the worker. */
  identity: string;
}

export function workerDependencies(
  options: DependencyOptions,
  client: Client,
  engine: EngineClient,
  standstills: Standstills,
): ActivityDependencies {
  return {
    root: options.root,
    sources: options.sources,
    allowOverlap: options.allowOverlap,
    worker: options.identity,
    // Every activity opens its own: after a standstill it changes nothing any more, not even the
    // record of its own end.
    openStore: (uri, retry = {}) =>
      openGuardedStore(
        options.root,
        uri,
        { ...options.storage, retry },
        { beforeChange: standstills.refuseAfter(uri) },
      ),
    engine,
    monotonicMs: () => performance.now(),
    notifyEpoch: async ({ workflowId, runId }, record: EpochRecord) => {
      try {
        await client.workflow.getHandle(workflowId, runId).signal(EPOCH_SIGNAL, record);
      } catch (error) {
        Runtime.instance().logger.warn('epoch not told to its workflow', {
          workflowId,
          error: String(error),
        });
      }
    },
  };
}
