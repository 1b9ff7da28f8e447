/**
 * What a server tells of the workers of a task queue: which poll it, and whether one is at work. A
 * worker whose slots are full does not poll, so the first without the second says little.
 */
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = temporal.api.enums.v1.TaskQueueType;
const { PENDING_ACTIVITY_STATE_STARTED } = temporal.api.enums.v1.PendingActivityState;

/** A worker polls anew every minute; the server lists one for five after its last poll. */
const SILENT_AFTER_MS = 90_000;
/** Open runs in which an activity at work is looked for. */
const MOST_RUNS = 50;

export interface PolledQueue {
  /** Builds of the workers that poll it; '' = without versioning. */
  readonly builds: ReadonlySet<string>;
  /** To which new runs, and runs without a build of their own, go; '' = to any. */
  readonly currentBuild: string;
}

/**
 * @param kind of the tasks that are polled for
 * @param nowMs Unix time
 */
export async function polledQueue(
  { workflowService, options: { namespace } }: Client,
  name: string,
  kind: 'workflow' | 'activity',
  nowMs: number,
): Promise<PolledQueue> {
  const { pollers, versioningInfo } = await workflowService.describeTaskQueue({
    ...{ namespace, taskQueue: { name } },
    taskQueueType: kind === 'workflow' ? TASK_QUEUE_TYPE_WORKFLOW : TASK_QUEUE_TYPE_ACTIVITY,
  });
  const present = pollers.filter(
    ({ lastAccessTime }) => nowMs - Number(lastAccessTime?.seconds ?? 0) * 1000 < SILENT_AFTER_MS,
  );
  return {
    builds: new Set(present.map(({ deploymentOptions }) => deploymentOptions?.buildId ?? '')),
    currentBuild: versioningInfo?.currentDeploymentVersion?.buildId ?? '',
  };
}

/** Whether a worker of the queue is at work on an activity of an open run. */
export async function isAtWork(client: Client, queue: string): Promise<boolean> {
  let looked = 0;
  const open = client.workflow.list({
    query: "ExecutionStatus = 'Running' AND CedRun IS NOT NULL",
    pageSize: MOST_RUNS,
  });
  for await (const { workflowId, runId } of open) {
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
    if (startedAt(queue, raw.pendingActivities ?? [])) return true;
    if (++looked === MOST_RUNS) return false;
  }
  return false;
}

/** Whether one of the activities is at work on the queue. */
export function startedAt(
  queue: string,
  pending: readonly temporal.api.workflow.v1.IPendingActivityInfo[],
): boolean {
  return pending.some(
    ({ activityOptions, state }) =>
      activityOptions?.taskQueue?.name === queue && state === PENDING_ACTIVITY_STATE_STARTED,
  );
}
