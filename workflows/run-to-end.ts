/**
 * How a workflow ends: with a result, with a failure, or by continuing as a new run. When the
 * server finds the history long, no new activity is started, the running ones end, and a run with
 * an empty history takes over.
 */
import { ApplicationFailure, continueAsNew, isCancellation } from '@temporalio/workflow';
import { nextContinuation, type Continuation } from './continuation';
import { HistoryTooLong } from './history-length';
import type { RunControl } from './run-control';

/** Runs `work` to its end. The status says which end it was, also afterwards. */
export async function runToEnd<T>(
  control: RunControl,
  input: unknown,
  work: () => Promise<T>,
): Promise<T> {
  const { status } = control;
  try {
    const result = await work();
    status.state = 'done';
    return result;
  } catch (error) {
    if (error instanceof HistoryTooLong)
      return await continueAsNew<(input: unknown, continuation: Continuation) => Promise<T>>(
        input,
        nextContinuation(control.continuation),
      );
    status.state = isCancellation(error) ? 'cancelled' : 'failed';
    status.failures.push(rootMessage(error));
    throw error;
  }
}

/** An activity's failure says `Activity task failed`; the reason is at the end of its causes. */
function rootMessage(error: unknown): string {
  if (error instanceof Error && error.cause instanceof Error) return rootMessage(error.cause);
  if (!(error instanceof Error)) return String(error);
  const type = error instanceof ApplicationFailure && error.type ? `${error.type}: ` : '';
  return error.message.startsWith(type) ? error.message : `${type}${error.message}`;
}
