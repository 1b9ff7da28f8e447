/**
 * Which workers an open run waits for in vain. A run stays on the build that began it, and nothing
 * else tells that the last worker of that build is gone, that a queue has none, or that the server
 * lacks search attributes.
 */
import { Connection, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { DEPLOYMENT } from '../../workers/deployment';
import { missingAttributes } from '../../workers/search-attributes';
import { TASK_QUEUES } from '../../workflows/contract/names';
import type { RunStatus } from '../../workflows/contract/status';
import { isAtWork, polledQueue, startedAt, type PolledQueue } from './queue-workers';
import { needsGpu } from './run-view';
import { callName } from './teacher-watch';

const { PENDING_ACTIVITY_STATE_SCHEDULED } = temporal.api.enums.v1.PendingActivityState;

export interface Caller {
  /** It started workers of all our queues, and says itself what becomes of them. */
  hasOwnWorkers?: boolean;
  /** null = no worker has answered yet. */
  status?: RunStatus | null;
}

type Described = Pick<WorkflowExecutionDescription, 'raw' | 'taskQueue'>;

/**
 * @param nowMs Unix time
 * @returns a sentence with the remedy for each that is missing
 */
export async function awaitedWorkers(
  client: Client,
  workflowId: string,
  described: Described,
  nowMs: number,
  { hasOwnWorkers = false, status = null }: Caller = {},
): Promise<string[]> {
  // A worker whose account may not ask for them starts on a server that lacks some.
  const attributes = await missingIn(client);
  if (attributes !== null) return [attributes];
  const own = ownBuild(described);
  if (!hasOwnWorkers) {
    const queue = await polledQueue(client, described.taskQueue, 'workflow', nowMs);
    const build = own || queue.currentBuild;
    if (!serves(queue, build))
      return [
        build === ''
          ? `${noneAt(client, described.taskQueue)}; start one with npm run worker -- --queue all`
          : own === ''
            ? `the run waits for workers of build ${build}, the current one: none polls the ` +
              `queue ${described.taskQueue}. Start workers of it, or make another build current: ` +
              'npm run worker -- --queue all --current'
            : `the run waits for workers of build ${build}, which began it: none polls the queue ` +
              `${described.taskQueue}. Start workers of that build again, or let the current ` +
              `build go on: temporal workflow update-options -w ${workflowId} ` +
              '--versioning-override-behavior auto_upgrade',
      ];
  }
  const waiting = waitingCalls(described);
  const needed = [TASK_QUEUES.cpu, ...(needsGpu(status) ? [TASK_QUEUES.gpu] : [])];
  // A run may be paused to free its workers.
  const later = status?.state === 'paused' ? [] : needed;
  const queues = new Set([...later, ...waiting.keys()]);
  const told = [...queues].map(async (queue) => {
    const ours = OURS.find((name) => TASK_QUEUES[name] === queue);
    if (ours !== undefined && hasOwnWorkers) return [];
    // A worker that is busy does not poll.
    if (startedAt(queue, described.raw.pendingActivities ?? [])) return [];
    const polled = await polledQueue(client, queue, 'activity', nowMs);
    // Others' workers are of no build, or of builds of their own.
    const build = ours === undefined ? '' : own || polled.currentBuild;
    if (serves(polled, build) || (await isAtWork(client, queue))) return [];
    const call = waiting.get(queue);
    return [
      `${call === undefined ? '' : `${call} waits: `}${noneAt(client, queue)}` +
        (build === '' ? '' : ` with build ${build}`) +
        (call === undefined ? ', where the run needs one' : '') +
        (ours === undefined
          ? `; start one of yours with the task queue ${queue}`
          : `; start one with npm run worker -- --queue ${ours}`),
    ];
  });
  return (await Promise.all(told)).flat();
}

/** Names of our activity queues, as `npm run worker -- --queue` has them. */
const OURS = ['cpu', 'gpu'] as const;

function noneAt({ options }: Client, queue: string): string {
  return `no worker polls the queue ${queue} of namespace ${options.namespace}`;
}

/** @param build '' = any */
function serves({ builds }: PolledQueue, build: string): boolean {
  return build === '' ? builds.size > 0 : builds.has(build);
}

/** Build that a run stays on; '' = it takes the current one. */
function ownBuild({ raw }: Described): string {
  const { versioningInfo } = raw.workflowExecutionInfo ?? {};
  const version = versioningInfo?.deploymentVersion;
  if (versioningInfo?.versioningOverride?.autoUpgrade === true) return '';
  // Workers of others' deployments may leave our queues to ours.
  return version?.deploymentName === DEPLOYMENT ? (version.buildId ?? '') : '';
}

/** By queue, an activity that waits there for a worker, not for its next attempt. */
function waitingCalls({ raw }: Described): Map<string, string> {
  const calls = new Map<string, string>();
  for (const { activityId, activityType, activityOptions, ...one } of raw.pendingActivities ?? []) {
    const queue = activityOptions?.taskQueue?.name;
    if (!queue || one.state !== PENDING_ACTIVITY_STATE_SCHEDULED) continue;
    if (one.nextAttemptScheduleTime) continue;
    calls.set(queue, callName({ id: activityId ?? '', type: activityType?.name ?? 'an activity' }));
  }
  return calls;
}

/** What is wrong with the server's search attributes, as far as it says which it has. */
async function missingIn(client: Client): Promise<string | null> {
  const { connection, options } = client;
  if (!(connection instanceof Connection)) return null;
  const { namespace } = options;
  const listed = await connection.operatorService
    .listSearchAttributes({ namespace })
    .catch(() => null);
  const { address } = connection.options;
  return listed ? missingAttributes(listed.customAttributes, address, namespace) : null;
}
