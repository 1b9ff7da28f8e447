/**
 * Ten attempts at one activity in a row that were lost, with the engine's process or with the
 * worker, end it with `NoProgress`: the eleventh would be lost as well. A training counts by its
 * steps instead (jobs/train/attempts.ts).
 */
import { PermanentError } from '../workflows/contract/failures';
import { layout } from '../storage/layout';
import { readRecordOrQuarantine } from '../storage/quarantine';
import type { Store } from '../storage/store';
import { attemptEndRecord, attemptStartRecord } from './attempt-record';

const MOST_LOST = 10;

/** An activity of a run, and how many attempts at it have begun. */
export interface ActivityAttempts {
  workflowRunId: string;
  activityId: string;
  attempt: number;
}

/** @throws {PermanentError} NoProgress when the ten attempts before this one were lost */
export async function throwIfAlwaysLost(
  openStore: () => Store,
  attempts: ActivityAttempts,
): Promise<void> {
  if (attempts.attempt <= MOST_LOST) return;
  const store = openStore();
  const losses = await Promise.all(
    Array.from({ length: MOST_LOST }, (_, back) => howLost(store, attempts, back + 1)),
  );
  if (losses.includes(null)) return;
  throw new PermanentError(
    'NoProgress',
    `${MOST_LOST} attempts in a row were lost before they ended; the last: ${losses[0]}`,
  );
}

/** A training that makes no progress, with how the attempt before was lost. */
export async function withLastLoss(
  openStore: () => Store,
  attempts: ActivityAttempts,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof PermanentError) || error.code !== 'NoProgress') return error;
  const loss = attempts.attempt > 1 ? await howLost(openStore(), attempts, 1) : null;
  return loss === null
    ? error
    : new PermanentError('NoProgress', `${error.message}; the attempt before: ${loss}`);
}

/**
 * How the attempt so many before this one was lost; null if it was not, or if nothing is known of
 * it.
 */
async function howLost(
  store: Store,
  { workflowRunId, activityId, attempt }: ActivityAttempts,
  back: number,
): Promise<string | null> {
  const key = (moment: 'start' | 'end'): string =>
    layout.activityAttempt(workflowRunId, activityId, attempt - back, moment);
  const end = await readRecordOrQuarantine(store, key('end'), attemptEndRecord);
  if (end !== null)
    return end.outcome === 'failed' && end.failure?.startsWith('EngineLost: ') === true
      ? end.failure.slice('EngineLost: '.length)
      : null;
  const start = await readRecordOrQuarantine(store, key('start'), attemptStartRecord);
  return (
    start &&
    `worker ${start.worker} ended or fell silent; its log, and the kernel's for memory that ` +
      'ran out, may say why'
  );
}
