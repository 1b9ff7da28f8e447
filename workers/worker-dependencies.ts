/** What the activities of a worker process depend on. */
import type { Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import type { ActivityDependencies, EngineClient, Peers } from '../activities/dependencies';
import { freePort } from '../infra/free-port';
import type { Standstills } from '../jobs/process/standstills';
import { openGuardedStore, type StoreOptions } from '../storage/open-store';
import type { SourceOptions } from '../storage/sources/source';
import type { EpochRecord } from '../workflows/contract/activities';
import { EPOCH_SIGNAL, LEADER_SIGNAL } from '../workflows/contract/names';

export interface DependencyOptions {
  /** Relative paths of run files start here. */
  root: string;
  sources: SourceOptions;
  allowOverlap: boolean;
  storage: StoreOptions;
  /** Address at which other workers reach its trainings; null = it trains alone. */
  peers: string | null;
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
    ...(options.peers === null ? {} : { peers: peersAt(options.peers, client) }),
    monotonicMs: () => performance.now(),
    notifyEpoch: signalTo<EpochRecord>(client, EPOCH_SIGNAL),
  };
}

function peersAt(address: string, client: Client): Peers {
  return {
    address,
    freePort: () => freePort(address),
    announce: signalTo(client, LEADER_SIGNAL),
  };
}

/** Never rejects: what a signal says can be missed. */
function signalTo<Content>(
  client: Client,
  signal: string,
): (workflow: { workflowId: string; runId: string }, content: Content) => Promise<void> {
  return async ({ workflowId, runId }, content) => {
    try {
      await client.workflow.getHandle(workflowId, runId).signal(signal, content);
    } catch (error) {
      Runtime.instance().logger.warn(`${signal} not told to its workflow`, {
        workflowId,
        error: String(error),
      });
    }
  };
}
