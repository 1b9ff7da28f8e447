/** When a history is too long to go on, and what is carried into the next one. */
import { workflowInfo } from '@temporalio/workflow';
import type { RunStatus } from './contract/status';

export interface Carried {
  status: RunStatus;
  stopAfterEpoch: number | null;
  /** Results of what is finished, sums of what is not, by name. */
  kept: Record<string, unknown>;
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
