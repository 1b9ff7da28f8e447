/**
 * The edge between a stage and Temporal: heartbeats carry live progress, cancellation becomes an AbortSignal, permanent errors become
 * non-retryable failures, and so does damage that the workflow mends. Everything else is thrown as it is and retried for ever.
 */
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { LiveProgress } from '../workflows/contract/activities';
import { STORE_DAMAGED, type Damage } from '../workflows/contract/damage';
import { isPermanentFailure } from '../workflows/contract/failures';
import { EngineStopped } from './engine-jobs';

const HEARTBEAT_EVERY_MS = 4000;

/** Runs a stage's work inside the current activity. @throws {ApplicationFailure | CancelledFailure} */
export async function asActivity<T>(
  work: (edge: { signal: AbortSignal; onProgress: (progress: LiveProgress) => void }) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let latest: LiveProgress | undefined;
  const beat = setInterval(() => context.heartbeat(latest), HEARTBEAT_EVERY_MS);
  try {
    return await work({
      signal: context.cancellationSignal,
      onProgress: (progress) => {
        latest = progress;
        context.heartbeat(progress);
      },
    });
  } catch (error) {
    // The last heartbeat's details go on to the next attempt when a cancellation is rethrown (measured), and are lost when it is swallowed.
    if (error instanceof EngineStopped || context.cancellationSignal.aborted) throw new CancelledFailure('stopped after its checkpoint');
    throw asFailure(error);
  } finally {
    clearInterval(beat);
  }
}

/** What Temporal is told of an error: a typed, non-retryable failure when no retry can mend it. */
export function asFailure(error: unknown): Error {
  const { code, message, damages } = error as { code?: unknown; message?: string; damages?: Damage[] };
  if (damages) return ApplicationFailure.nonRetryable(message ?? STORE_DAMAGED, STORE_DAMAGED, damages);
  if (isPermanentFailure(code)) return ApplicationFailure.nonRetryable(message ?? code, code);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return ApplicationFailure.nonRetryable(
      `${message ?? code}: the worker may not write there; give it permission or choose another store`,
      'StorageDenied',
    );
  return error instanceof Error ? error : new Error(String(error));
}
