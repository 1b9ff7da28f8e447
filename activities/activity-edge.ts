/**
 * The edge between a stage and Temporal: progress and moving bytes become heartbeats, cancellation
 * becomes an AbortSignal, permanent errors become non-retryable failures, and so does damage that
 * the workflow repairs. Everything else is thrown as it is and retried for ever. Each attempt
 * leaves its times in the store and two lines in the log.
 */
import { setMaxListeners } from 'node:events';
import { ApplicationFailure, CancelledFailure, Context, log } from '@temporalio/activity';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { STORE_DAMAGED, type Damage } from '../workflows/contract/damage';
import { isPermanentFailure } from '../workflows/contract/failures';
import { shortText } from '../workflows/contract/short-text';
import { AttemptRecord, describeWork } from './attempt-record';
import type { ActivityDependencies } from './dependencies';
import { throwIfAlwaysLost, withLastLoss } from './lost-attempts';
import { Heartbeats } from './heartbeats';
import { shortError } from './short-error';
import { EngineStopped } from '../jobs/engine-jobs';
import { GuardedStore, type StoreGuard } from '../storage/guarded-store';
import type { RetryOptions } from '../storage/retry';

/** The activity whose attempts keep what they did: it counts them by its steps. */
const TRAINING = 'trainModel';

/** Receives the progress of a stage's work, and stops it. */
export interface Attempt {
  signal: AbortSignal;
  onProgress: (progress: LiveProgress) => void;
  /** Uncounted work moved. @param phase its name, if users should see it */
  onAlive: (phase?: string) => void;
}

/**
 * Runs a stage's work inside the current activity.
 * @param work is given dependencies whose stores and sources report and stop for this attempt
 * @throws {ApplicationFailure | CancelledFailure}
 */
export async function asActivity<T extends object | null>(
  deps: ActivityDependencies,
  input: { store: string },
  work: (attempt: Attempt, deps: ActivityDependencies) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const heartbeats = new Heartbeats(
    (details) => context.heartbeat(details),
    context.info.heartbeatTimeoutMs,
  );
  const own = dependenciesOf(deps, heartbeats, context.cancellationSignal);
  const record = beginRecord(deps, input, context);
  const { workflowExecution, activityId, activityType, attempt } = context.info;
  const attempts = workflowExecution && {
    workflowRunId: workflowExecution.runId,
    activityId,
    attempt,
  };
  try {
    if (attempts && activityType !== TRAINING)
      await throwIfAlwaysLost(() => own.openStore(input.store), attempts);
    const attempt: Attempt = {
      signal: context.cancellationSignal,
      onProgress: (progress) => heartbeats.progress(progress),
      onAlive: (phase) => heartbeats.alive(phase),
    };
    const result = await work(attempt, own);
    const reused = result !== null && 'reused' in result && result.reused === true;
    await record?.end('done', { reused });
    log.info('activity done', { reused });
    return result;
  } catch (error) {
    heartbeats.flush();
    // The last heartbeat's details go on to the next attempt when a cancellation is rethrown
    // (measured), and are lost when it is swallowed.
    if (error instanceof EngineStopped || context.cancellationSignal.aborted) {
      await record?.end('stopped');
      log.info('activity stopped');
      throw new CancelledFailure('stopped after its checkpoint');
    }
    const failure = asFailure(
      attempts && activityType === TRAINING
        ? await withLastLoss(() => deps.openStore(input.store), attempts, error)
        : error,
    );
    await record?.end('failed', {
      failure:
        `${(failure instanceof ApplicationFailure && failure.type) || failure.name}: ` +
        `${failure.message}`,
    });
    throw failure;
  }
}

/** Stores and sources that report to the attempt, and end their work when it is cancelled. */
function dependenciesOf(
  deps: ActivityDependencies,
  heartbeats: Heartbeats,
  signal: AbortSignal,
): ActivityDependencies {
  // Each of many requests at once listens.
  setMaxListeners(0, signal);
  const retry: RetryOptions = {
    signal,
    onWait: () => heartbeats.alive('waiting for storage'),
    onBytes: () => heartbeats.alive(),
  };
  const guard: StoreGuard = {
    before: () => signal.throwIfAborted(),
    beforeChange: async () => await Promise.resolve(heartbeats.throwIfLapsed()),
    after: () => heartbeats.alive(),
  };
  return {
    ...deps,
    signal,
    openStore: (uri) => new GuardedStore(deps.openStore(uri, retry), guard),
    sources: { ...deps.sources, retry: { ...deps.sources?.retry, ...retry } },
  };
}

function beginRecord(
  { openStore, worker = 'unknown' }: Pick<ActivityDependencies, 'openStore' | 'worker'>,
  input: { store: string },
  { info }: Context,
): AttemptRecord | null {
  const {
    activityType: activity,
    activityId,
    attempt,
    taskQueue,
    currentAttemptScheduledTimestampMs: scheduledMs,
  } = info;
  const work = describeWork(input);
  log.info('activity began', { what: work.what });
  if (!info.workflowExecution) return null;
  const start = { activity, activityId, attempt, taskQueue, worker, ...work, scheduledMs };
  const onTrouble = (error: unknown): void =>
    void log.warn('attempt not recorded', { error: String(error) });
  try {
    return AttemptRecord.begin(
      openStore(input.store),
      info.workflowExecution.runId,
      start,
      onTrouble,
    );
  } catch (error) {
    // A store that cannot be opened is the work's own failure to report.
    onTrouble(error);
    return null;
  }
}

/** System errors of a store's folder that no retry can fix, with the remedy. */
const REFUSED: Readonly<Record<string, string>> = {
  EACCES: 'the worker may not write there; give it permission or choose another store',
  EPERM: 'the worker may not write there; give it permission or choose another store',
  EROFS: 'the file system is read-only; mount it for writing or choose another store',
  ENOTDIR: 'a file is where a folder should be; remove it or choose another store',
  ENAMETOOLONG: 'the path is too long; choose a shorter one for the store',
  ELOOP: 'its links lead in a circle; choose another store',
};

/**
 * Repaired in one round; the next round finds the rest. Each takes some 60 bytes of a payload.
 */
const MOST_DAMAGES = 1000;

/**
 * The failure that Temporal records for an error: typed and non-retryable if no retry can help.
 * Never longer than what Temporal takes.
 */
export function asFailure(error: unknown): Error {
  const {
    code,
    message = String(code),
    damages,
  } = error as {
    code?: unknown;
    message?: string;
    damages?: Damage[];
  };
  const permanent = (type: string, text: string, ...details: unknown[]): ApplicationFailure =>
    ApplicationFailure.nonRetryable(shortText(text), type, ...details);
  if (damages) return permanent(STORE_DAMAGED, message, damages.slice(0, MOST_DAMAGES));
  if (isPermanentFailure(code)) return permanent(code, message);
  const refused = REFUSED[String(code)];
  if (refused !== undefined) return permanent('StorageDenied', `${shortText(message)}: ${refused}`);
  return shortError(error);
}
