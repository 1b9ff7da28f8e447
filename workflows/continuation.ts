/**
 * How a run of any length keeps its history short: when the server finds it long, no new activity is begun, those at work end, and the run goes
 * on as a new one that takes along what is here. It is counts and references, whatever the size of the corpus.
 */
import { ApplicationFailure, continueAsNew, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { RunStatus } from './contract/status';
import type { RunControl } from './run-control';

export interface Carried {
  status: RunStatus;
  stopAfterEpoch: number | null;
  /** Results of what is finished, sums of what is not, by name. */
  kept: Record<string, unknown>;
}

/** For servers that suggest later, or never: theirs is 4096 events or 4 MB unless configured otherwise. */
const LONG_EVENTS = 8000;
const LONG_BYTES = 8e6;

/** Thrown where no activity is at work any more. */
export class HistoryLong extends Error {}

export function isHistoryLong(): boolean {
  const { continueAsNewSuggested, historyLength, historySize } = workflowInfo();
  return continueAsNewSuggested || historyLength > LONG_EVENTS || historySize > LONG_BYTES;
}

/** A whole run: ends it, fails it, or lets it go on under a new history. The status tells which, also after the end. */
export async function conduct<T>(control: RunControl, input: unknown, run: () => Promise<T>): Promise<T> {
  const { status } = control;
  try {
    const result = await run();
    status.state = 'done';
    return result;
  } catch (error) {
    if (error instanceof HistoryLong) return await continueAsNew<(input: unknown, carried: Carried) => Promise<T>>(input, control.carried);
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
