/**
 * How a run of any length keeps its history short: when the server finds it long, no new activity
 * is begun, those at work end, and the run goes on as a new one that takes along what is here. It
 * is counts and references, whatever the size of the corpus.
 */
import {
  ApplicationFailure,
  continueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunControl } from './run-control';
import { type Carried, earlierRunIds, HistoryLong } from './history-length';

/**
 * A whole run: ends it, fails it, or lets it go on under a new history. The status tells which,
 * also after the end.
 */
export async function conduct<T>(
  control: RunControl,
  input: unknown,
  run: () => Promise<T>,
): Promise<T> {
  const { status } = control;
  try {
    const result = await run();
    status.state = 'done';
    return result;
  } catch (error) {
    if (error instanceof HistoryLong)
      return await continueAsNew<(input: unknown, carried: Carried) => Promise<T>>(input, {
        ...control.carried,
        runIds: [...earlierRunIds(control.carried), workflowInfo().runId],
      });
    status.state = isCancellation(error) ? 'cancelled' : 'failed';
    status.failures.push(rootMessage(error));
    throw error;
  }
}

/** An activity's failure says `Activity task failed`; what happened is at the end of its causes. */
function rootMessage(error: unknown): string {
  if (error instanceof Error && error.cause instanceof Error) return rootMessage(error.cause);
  if (!(error instanceof Error)) return String(error);
  const type = error instanceof ApplicationFailure && error.type ? `${error.type}: ` : '';
  return error.message.startsWith(type) ? error.message : `${type}${error.message}`;
}
