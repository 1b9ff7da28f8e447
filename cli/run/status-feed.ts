/**
 * Polls the state of a run. `describe` every second returns the heartbeats and costs the workflow
 * nothing; the `status` query is a workflow task, so it runs every three seconds, one at a time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isGrpcServiceError,
  type Client,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { LiveProgress } from '../../workflows/contract/live-progress';
import { STATUS_QUERY } from '../../workflows/contract/names';
import type { RunStatus } from '../../workflows/contract/status';
import { UsageError } from '../../infra/command-line/usage-error';
import { awaitedWorkers } from './awaited-workers';
import { payloadReader, type PayloadReader } from './payload-reader';
import type { PendingActivity, RunView } from './run-view';
import { TeacherWatch } from './teacher-watch';

const { PENDING_ACTIVITY_STATE_STARTED } = temporal.api.enums.v1.PendingActivityState;

const DESCRIBE_EVERY_MS = 1000;
const QUERY_EVERY_MS = 3000;
/** Limit for the status of a closed run: a worker, if one is left, replays its whole history. */
const LAST_ANSWER_MS = 15_000;
/** A worker that was started just before needs a moment until it polls. */
const FIRST_CHECK_MS = 2000;
const CHECK_WORKERS_EVERY_MS = 4000;
/** Time without an answer of the server after which watching fails; a restart takes seconds. */
const OUT_OF_REACH_MS = 30_000;

/**
 * Calls `onView` until the run has closed; the last view is the final one. Calls `onWaiting` where
 * the run waits for workers that are not there. @throws one line when the server stays out of reach
 * or has no such run
 */
export async function followStatus(
  client: Client,
  workflowId: string,
  onView: (view: RunView) => void,
  signal: AbortSignal,
  onWaiting: (why: string) => void = () => undefined,
  hasOwnWorkers = false,
): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  const read = payloadReader(client);
  const teachers = new TeacherWatch(() => performance.now());
  let status: RunStatus | null = null;
  let asking: Promise<void> | null = null;
  let askedMs = -Infinity;
  let reachedMs = performance.now();
  let checkMs = reachedMs + FIRST_CHECK_MS;
  const ask = async (): Promise<void> => {
    // No worker answers before one has taken the workflow's first task.
    status = await handle.query<RunStatus>(STATUS_QUERY).catch(() => status);
  };
  while (!signal.aborted) {
    const description = await handle.describe().catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError)
        throw new UsageError(`there is no run with the workflow id ${workflowId}`, {
          cause: error,
        });
      if (!isGrpcServiceError(error) && !isGrpcServiceError((error as Error).cause)) throw error;
      if (performance.now() - reachedMs > OUT_OF_REACH_MS)
        throw new Error('the Temporal server does not answer any more', { cause: error });
      return null;
    });
    if (description !== null) {
      reachedMs = performance.now();
      if (description.status.name !== 'RUNNING' && description.status.name !== 'PAUSED') {
        await asking;
        await Promise.race([ask(), sleep(LAST_ANSWER_MS)]);
        if (status !== null) onView({ status, pending: [] });
        return;
      }
      if (asking === null && performance.now() - askedMs >= QUERY_EVERY_MS) {
        askedMs = performance.now();
        asking = ask().finally(() => (asking = null));
      }
      const pending = teachers.withAlerts(await pendingActivities(description, read));
      if (status !== null) onView({ status, pending });
      if (performance.now() >= checkMs) {
        checkMs = performance.now() + CHECK_WORKERS_EVERY_MS;
        const caller = { hasOwnWorkers, status };
        const awaited = awaitedWorkers(client, workflowId, description, Date.now(), caller);
        for (const why of await awaited.catch(() => [])) onWaiting(why);
      }
    }
    await sleep(DESCRIBE_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

export async function pendingActivities(
  description: Pick<WorkflowExecutionDescription, 'raw'>,
  read: PayloadReader,
): Promise<PendingActivity[]> {
  return await Promise.all(
    (description.raw.pendingActivities ?? []).map(async (activity) => ({
      id: activity.activityId ?? '',
      type: activity.activityType?.name ?? 'activity',
      attempt: activity.attempt ?? 1,
      started: activity.state === PENDING_ACTIVITY_STATE_STARTED,
      progress: await progressOf(activity.heartbeatDetails, read),
      lastFailure: activity.lastFailure ? failureText(activity.lastFailure) : null,
      queue: activity.activityOptions?.taskQueue?.name || undefined,
      worker: activity.lastWorkerIdentity || undefined,
      nextAttemptMs: millisecondsOf(activity.nextAttemptScheduleTime),
      lastSignMs: lastSign(activity),
    })),
  );
}

function lastSign(activity: temporal.api.workflow.v1.IPendingActivityInfo): number | undefined {
  const [started, beat] = [activity.lastStartedTime, activity.lastHeartbeatTime].map(
    millisecondsOf,
  );
  // A heartbeat may be of an earlier attempt.
  return started === undefined ? undefined : Math.max(started, beat ?? 0);
}

function millisecondsOf(
  time: temporal.api.workflow.v1.IPendingActivityInfo['lastStartedTime'],
): number | undefined {
  if (!time) return undefined;
  return Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
}

async function progressOf(
  details: temporal.api.common.v1.IPayloads | null | undefined,
  read: PayloadReader,
): Promise<LiveProgress | null> {
  const payload = details?.payloads?.[0];
  if (!payload) return null;
  const value = (await read(payload)) as Partial<LiveProgress> | null;
  if (typeof value?.done !== 'number' || typeof value.total !== 'number') return null;
  return {
    unit: 'items',
    perSecond: 0,
    etaSeconds: null,
    ...value,
    done: value.done,
    total: value.total,
  };
}

function failureText(failure: temporal.api.failure.v1.IFailure): string {
  const type = failure.applicationFailureInfo?.type;
  const message = failure.message || failure.cause?.message || 'a failure without a message';
  return type && type !== 'Error' ? `${type}: ${message}` : message;
}
