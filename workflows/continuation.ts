/**
 * The state that a run passes to its continuation under a new history: counts and references, of a
 * size that does not depend on the corpus. Field names are part of recorded histories.
 */
import { workflowInfo } from '@temporalio/workflow';
import type { RunStatus } from './contract/status';

export interface Continuation {
  status: RunStatus;
  stopAfterEpoch: number | null;
  /** Results of finished work and sums of unfinished work, by name. */
  kept: Record<string, unknown>;
  /** Ids of the runs before this one, in order. Absent where an earlier version wrote it. */
  runIds?: string[];
}

/** For the run that continues the present one. */
export function nextContinuation(present: Continuation): Continuation {
  return { ...present, runIds: [...earlierRunIds(present), workflowInfo().runId] };
}

/**
 * Ids of the runs whose work the present one continues, in order: an activity's attempts are stored
 * under the id of the run that asked for it.
 */
export function earlierRunIds({ runIds }: Continuation): string[] {
  const { runId, originalExecutionRunId, firstExecutionRunId, continuedFromExecutionRunId } =
    workflowInfo();
  const before = runIds ?? [firstExecutionRunId, continuedFromExecutionRunId ?? runId];
  // A reset gives a run a new id; the work up to that point was done under the original one.
  return [...new Set([...before, originalExecutionRunId])].filter((id) => id !== runId);
}
