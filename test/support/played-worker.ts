/**
 * A worker's side of Temporal's protocol, played call by call: it polls when a test says so, and
 * takes what it polled without working on it.
 */
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

const { COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK } = temporal.api.enums.v1.CommandType;
const LONG = { seconds: 86_400 as never };
/** The task is there already; the server wants a limit. */
const POLL_MS = 600_000;

interface Call {
  activityId: string;
  type: string;
  queue: string;
}

/** Takes the first task of the workflow that waits at the queue, and answers with activities. */
export async function scheduleActivities(
  client: Client,
  taskQueue: string,
  calls: readonly Call[],
): Promise<void> {
  const { workflowService, options } = client;
  const { namespace } = options;
  const { taskToken } = await client.withDeadline(Date.now() + POLL_MS, () =>
    workflowService.pollWorkflowTaskQueue({
      ...{ namespace, taskQueue: { name: taskQueue }, identity: 'played' },
    }),
  );
  await workflowService.respondWorkflowTaskCompleted({
    ...{ namespace, taskToken, identity: 'played' },
    commands: calls.map(({ activityId, type, queue }) => ({
      commandType: COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
      scheduleActivityTaskCommandAttributes: {
        ...{ activityId, activityType: { name: type }, taskQueue: { name: queue } },
        ...{ scheduleToCloseTimeout: LONG, startToCloseTimeout: LONG },
      },
    })),
  });
}

/** Takes the task of an activity that waits at the queue. */
export async function takeActivity(client: Client, taskQueue: string): Promise<void> {
  const { namespace } = client.options;
  await client.withDeadline(Date.now() + POLL_MS, () =>
    client.workflowService.pollActivityTaskQueue({
      ...{ namespace, taskQueue: { name: taskQueue }, identity: 'played' },
    }),
  );
}
