/**
 * The activities as workflows call them, with a reason for each timeout. Retries go on for ever
 * with capped back-off: only typed failures end a run.
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import { CPU_SUMMARIES, GPU_SUMMARIES, summarised } from './activity-summaries';
import type { CpuActivities, GpuActivities } from './contract/activities';
import { PERMANENT_FAILURES } from './contract/failures';
import { TASK_QUEUES } from './contract/names';

const retry = {
  initialInterval: '1 second',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
  nonRetryableErrorTypes: [...PERMANENT_FAILURES],
};

const cpuActivities = proxyActivities<CpuActivities>({
  taskQueue: TASK_QUEUES.cpu,
  // Heartbeats mean progress: bytes, clips, store operations, and waiting that has a limit of its
  // own and is reported every five seconds. Half a minute without one means a hang, or no worker.
  heartbeatTimeout: '30 seconds',
  startToCloseTimeout: '6 hours',
  retry,
});

const gpuActivities = proxyActivities<GpuActivities>({
  taskQueue: TASK_QUEUES.gpu,
  // The engine's words are passed on. While a long step blocks it, its worker vouches for it every
  // five seconds, and kills it when it is silent for longer than its own slowest step explains.
  heartbeatTimeout: '30 seconds',
  // A student may train for weeks; liveness is the heartbeat's business.
  startToCloseTimeout: '60 days',
  // Pause and cancel let the step finish and its checkpoint be written before the workflow goes on.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});

export const cpu = summarised(cpuActivities, CPU_SUMMARIES);
export const gpu = summarised(gpuActivities, GPU_SUMMARIES);
