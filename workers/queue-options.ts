/** What a worker of one task queue registers, in our own process and in others' (package/). */
import { join } from 'node:path';
import type { WorkerOptions as TemporalWorkerOptions } from '@temporalio/worker';
import { createCpuActivities, createGpuActivities } from '../activities/create-activities';
import type { ActivityDependencies } from '../activities/dependencies';
import { TASK_QUEUES } from '../workflows/contract/names';

export type QueueName = keyof typeof TASK_QUEUES;

/** @param cpuActivities of the cpu queue, at once */
export function queueOptions(
  queue: QueueName,
  deps: ActivityDependencies,
  cpuActivities: number,
): Pick<
  TemporalWorkerOptions,
  'taskQueue' | 'workflowBundle' | 'activities' | 'maxConcurrentActivityTaskExecutions'
> {
  const taskQueue = TASK_QUEUES[queue];
  switch (queue) {
    case 'workflows':
      return {
        taskQueue,
        workflowBundle: { codePath: join(__dirname, '..', 'workflow-bundle.js') },
      };
    case 'cpu':
      return {
        taskQueue,
        activities: createCpuActivities(deps),
        maxConcurrentActivityTaskExecutions: cpuActivities,
      };
    case 'gpu':
      return {
        taskQueue,
        activities: createGpuActivities(deps),
        maxConcurrentActivityTaskExecutions: 1,
      };
  }
}
