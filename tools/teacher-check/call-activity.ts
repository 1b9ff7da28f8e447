/** The workflow around one call of a teacher's activity: one attempt, so that its failure shows. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { TeacherActivities } from '../../workflows/contract/teacher-worker';

export interface ActivityCall {
  taskQueue: string;
  activity: keyof TeacherActivities;
  /** Also requests that the contract does not allow. */
  input: unknown;
  limitSeconds: number;
  heartbeatSeconds: number | null;
}

export async function callActivity(call: ActivityCall): Promise<unknown> {
  const { taskQueue, activity, input, limitSeconds, heartbeatSeconds } = call;
  const teacher = proxyActivities<
    Record<keyof TeacherActivities, (input: unknown) => Promise<unknown>>
  >({
    taskQueue,
    scheduleToCloseTimeout: `${limitSeconds} seconds`,
    ...(heartbeatSeconds === null ? {} : { heartbeatTimeout: `${heartbeatSeconds} seconds` }),
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { maximumAttempts: 1 },
  });
  return await teacher[activity](input);
}
