/** The runs of one workflow id that continued each other as new. */
import type { WorkflowHandle } from '@temporalio/client';
import type { Cluster } from './cluster';

/** @param runId of the first */
export async function runsOf(
  cluster: Cluster,
  workflowId: string,
  runId: string,
): Promise<{ handle: WorkflowHandle; events: number; started: number }[]> {
  const chain = [];
  let next: string | undefined = runId;
  while (next !== undefined) {
    const handle: WorkflowHandle = cluster.client.workflow.getHandle(workflowId, next);
    const { events } = await handle.fetchHistory();
    const started = events?.filter((event) => event.activityTaskStartedEventAttributes).length ?? 0;
    chain.push({ handle, events: events?.length ?? 0, started });
    next =
      events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ??
      undefined;
  }
  return chain;
}
