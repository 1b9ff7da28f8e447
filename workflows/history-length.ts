/** When a history is too long to add to it. The run then continues as a new one (run-to-end.ts). */
import { workflowInfo } from '@temporalio/workflow';

/**
 * For servers that suggest it later, or never: theirs is 4096 events or 4 MB unless configured
 * otherwise.
 */
const MAX_EVENTS = 8000;
const MAX_BYTES = 8e6;

/** Thrown when the history is too long and no activity is running any more. */
export class HistoryTooLong extends Error {}

export function isHistoryTooLong(): boolean {
  const { continueAsNewSuggested, historyLength, historySize } = workflowInfo();
  return continueAsNewSuggested || historyLength > MAX_EVENTS || historySize > MAX_BYTES;
}
