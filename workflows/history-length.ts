/** When a history is too long to go on, and what is carried into the next one. */
import { workflowInfo } from '@temporalio/workflow';
import type { RunStatus } from './contract/status';

export interface Carried {
  status: RunStatus;
  stopAfterEpoch: number | null;
  /** Results of what is finished, sums of what is not, by name. */
  kept: Record<string, unknown>;
  /** The runs before this one, in order. Absent where code without this field carried. */
  runIds?: string[];
}

/**
 * Runs whose work the present one continues, in order: an activity's attempts are stored under the
 * id of the run that asked for it.
 */
export function earlierRunIds({ runIds }: Carried): string[] {
  const { runId, originalExecutionRunId, firstExecutionRunId, continuedFromExecutionRunId } =
    workflowInfo();
  const before = runIds ?? [firstExecutionRunId, continuedFromExecutionRunId ?? runId];
  // A reset gives a run a new id; the work up to that point was done under the original one.
  return [...new Set([...before, originalExecutionRunId])].filter((id) => id !== runId);
}

/**
 * For servers that suggest later, or never: theirs is 4096 events or 4 MB unless configured
 * otherwise.
 */
const LONG_EVENTS = 8000;
const LONG_BYTES = 8e6;

/** Thrown where no activity is at work any more. */
export class HistoryLong extends Error {}

export function isHistoryLong(): boolean {
  const { continueAsNewSuggested, historyLength, historySize } = workflowInfo();
  return continueAsNewSuggested || historyLength > LONG_EVENTS || historySize > LONG_BYTES;
}
