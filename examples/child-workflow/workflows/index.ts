/** A workflow of your own: it distils as one of its steps, and tells what came of it. */
import { executeChild, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { TASK_QUEUES, type DistillInput, type Workflows } from 'ced-distillation/contract';
import type * as activities from '../activities/announce';

const { announce } = proxyActivities<typeof activities>({ startToCloseTimeout: '1 minute' });

/** @returns the announcement */
export async function nightly(run: DistillInput): Promise<string> {
  // Cancelling this workflow cancels the distillation, which leaves a checkpoint.
  const result = await executeChild<Workflows['distill']>('distill', {
    taskQueue: TASK_QUEUES.workflows,
    workflowId: `${workflowInfo().workflowId}-distillation`,
    args: [run],
  });
  return await announce(result);
}
