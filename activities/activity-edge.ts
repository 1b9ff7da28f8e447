/**
 * The edge between a stage and Temporal: heartbeats carry live progress, cancellation becomes an
 * AbortSignal, permanent errors become non-retryable failures, and so does damage that the workflow
 * mends. Everything else is thrown as it is and retried for ever. Each attempt leaves its times in
 * the store and two lines in the log.
 */
import { ApplicationFailure, CancelledFailure, Context, log } from '@temporalio/activity';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { STORE_DAMAGED, type Damage } from '../workflows/contract/damage';
import { isPermanentFailure } from '../workflows/contract/failures';
import { shortText } from '../workflows/contract/short-text';
import { AttemptRecord, describeWork } from './attempt-record';
import type { ActivityDependencies } from './dependencies';
import { throwIfAlwaysLost, withLastLoss } from './lost-attempts';
import { shortError } from './short-error';
import { EngineStopped } from '../jobs/engine-jobs';

const HEARTBEAT_EVERY_MS = 4000;
/** The activity whose attempts keep what they did: it counts them by its steps. */
const TRAINING = 'trainModel';

/**
 * Runs a stage's work inside the current activity. @throws {ApplicationFailure | CancelledFailure}
 */
export async function asActivity<T extends object | null>(
  deps: Pick<ActivityDependencies, 'openStore' | 'worker'>,
  input: { store: string },
  work: (edge: { signal: AbortSignal; onProgress: (progress: LiveProgress) => void }) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let latest: LiveProgress | undefined;
  const beat = setInterval(() => context.heartbeat(latest), HEARTBEAT_EVERY_MS);
  const record = beginRecord(deps, input, context);
  const { workflowExecution, activityId, activityType, attempt } = context.info;
  const attempts = workflowExecution && {
    workflowRunId: workflowExecution.runId,
    activityId,
    attempt,
  };
  try {
    if (attempts && activityType !== TRAINING)
      await throwIfAlwaysLost(() => deps.openStore(input.store), attempts);
    const result = await work({
      signal: context.cancellationSignal,
      onProgress: (progress) => {
        latest = progress;
        context.heartbeat(progress);
      },
    });
    const reused = result !== null && 'reused' in result && result.reused === true;
    await record?.end('done', { reused });
    log.info('activity done', { reused });
    return result;
  } catch (error) {
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
      failure: `${(failure instanceof ApplicationFailure && failure.type) || failure.name}: ${failure.message}`,
    });
    throw failure;
  } finally {
    clearInterval(beat);
  }
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

/** System errors of a store's folder that no retry can mend, with what to do. */
const REFUSED: Readonly<Record<string, string>> = {
  EACCES: 'the worker may not write there; give it permission or choose another store',
  EPERM: 'the worker may not write there; give it permission or choose another store',
  EROFS: 'the file system is read-only; mount it for writing or choose another store',
  ENOTDIR: 'a file is where a folder should be; remove it or choose another store',
  ENAMETOOLONG: 'the path is too long; choose a shorter one for the store',
  ELOOP: 'its links lead in a circle; choose another store',
};

/**
 * Repaired in one round; what is beyond is found by the next. Each is some 60 bytes of a payload.
 */
const MOST_DAMAGES = 1000;

/**
 * What Temporal is told of an error: a typed, non-retryable failure when no retry can mend it.
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
