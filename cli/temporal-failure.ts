/** What an error of Temporal's client says about a run. Loaded only to describe a failure. */
import { WorkflowFailedError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { oneLine } from './one-line';

const RESUMABLE = 'what it had finished is in the store, and the next run resumes from there';

/** The failure that others wrap. */
export function rootFailure(error: unknown): unknown {
  if (
    (error instanceof WorkflowFailedError || error instanceof ActivityFailure) &&
    error.cause !== undefined
  )
    return rootFailure(error.cause);
  return error;
}

/** A message, or the type and message of an application's failure; null for other errors. */
export function statedFailure(cause: unknown): string | { type: string; message: string } | null {
  if (cause instanceof CancelledFailure) return `the run was cancelled; ${RESUMABLE}`;
  if (cause instanceof TerminatedFailure) return `the run was terminated; ${RESUMABLE}`;
  if (cause instanceof TimeoutFailure) return `timed out: ${oneLine(cause.message)}`;
  if (cause instanceof ApplicationFailure)
    return { type: cause.type ?? 'Error', message: cause.message };
  return null;
}
