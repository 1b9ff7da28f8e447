/** The chain of histories that a run left on the server, and the largest payload in them. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

export interface Chain {
  histories: number;
  events: number;
  largestEvents: number;
  largestBytes: number;
  largestPayloadBytes: number;
  activities: number;
  workflowTasks: number;
}

const { EventType } = temporal.api.enums.v1;

/** @param runId of the first history */
export async function readChain(client: Client, workflowId: string, runId: string): Promise<Chain> {
  const chain: Chain = {
    histories: 0,
    events: 0,
    largestEvents: 0,
    largestBytes: 0,
    largestPayloadBytes: 0,
    activities: 0,
    workflowTasks: 0,
  };
  let next: string | undefined = runId;
  while (next !== undefined) {
    const handle: WorkflowHandle = client.workflow.getHandle(workflowId, next);
    const { historySize = 0 } = await handle.describe();
    const events: temporal.api.history.v1.IHistoryEvent[] =
      (await handle.fetchHistory()).events ?? [];
    chain.histories++;
    chain.events += events.length;
    chain.largestEvents = Math.max(chain.largestEvents, events.length);
    chain.largestBytes = Math.max(chain.largestBytes, historySize);
    for (const event of events) {
      chain.largestPayloadBytes = Math.max(chain.largestPayloadBytes, largestPayload(event));
      if (event.eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) chain.activities++;
      if (event.eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED) chain.workflowTasks++;
    }
    next =
      events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return chain;
}

/** Finds payloads anywhere in an event: the objects with `data`. */
function largestPayload(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 0;
  const { data } = value as { data?: unknown };
  const own = data instanceof Uint8Array ? data.byteLength : 0;
  return Object.values(value).reduce<number>(
    (largest, each) => Math.max(largest, largestPayload(each)),
    own,
  );
}
