/**
 * The activities as workflows call them, with a reason for each timeout. Retries go on for ever
 * with capped back-off: only typed failures end a run.
 */
import {
  ActivityCancellationType,
  proxyActivities,
  type ActivityOptions,
} from '@temporalio/workflow';
import { CPU_SUMMARIES, GPU_SUMMARIES, summarised, TEACHER_SUMMARIES } from './activity-summaries';
import type { CpuActivities, GpuActivities } from './contract/activities';
import { STORE_DAMAGED } from './contract/damage';
import { PERMANENT_FAILURES } from './contract/failures';
import { TASK_QUEUES } from './contract/names';
import type { DistillRun } from './contract/run-file';
import type { SelectClipsInput } from './contract/selection';
import type { TeacherActivities } from './contract/teacher-worker';

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

/** A member of a group counts for nothing alone: the run does not wait for its end. */
const memberActivities = proxyActivities<Pick<GpuActivities, 'joinTraining'>>({
  taskQueue: TASK_QUEUES.gpu,
  heartbeatTimeout: '30 seconds',
  startToCloseTimeout: '60 days',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  // The last in the queue, where a server knows priorities: what another run needs goes before.
  priority: { priorityKey: 5 },
  // Until its workflow cancels it: attempts that find no leader end at once.
  retry,
});

export const cpu = summarised(cpuActivities, CPU_SUMMARIES);
export const gpu = summarised<Omit<GpuActivities, 'joinTraining'>>(gpuActivities, GPU_SUMMARIES);
export const members = summarised(memberActivities, {
  joinTraining: GPU_SUMMARIES.joinTraining,
});

/** How long `describeSoon` waits for a worker: enough for a poll, short enough to be told. */
const TAKEN_WITHIN = '5 seconds';

interface Teacher extends TeacherActivities {
  /** `describeTeacher`; fails when no worker takes the task within seconds. */
  describeSoon: TeacherActivities['describeTeacher'];
}

/**
 * Activities of a teacher's own workers, in any language.
 * @param activityId of the one call that is made; undefined = a number
 */
export function teacherOn(taskQueue: string, activityId: string | undefined): Teacher {
  const shared: ActivityOptions = {
    taskQueue,
    ...(activityId === undefined ? {} : { activityId }),
    // Pause and cancel let the batch end: its part is kept, and the next attempt goes on from it.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    // A foreign worker may not mark them itself.
    retry: { ...retry, nonRetryableErrorTypes: [...PERMANENT_FAILURES, STORE_DAMAGED] },
  };
  // It may have to load its model first.
  const describing: ActivityOptions = { ...shared, startToCloseTimeout: '10 minutes' };
  const atAnyTime = onTeacher(describing);
  const soon = onTeacher({ ...describing, scheduleToStartTimeout: TAKEN_WITHIN });
  // Rows are counted at least every five seconds; a batch on a slow machine takes longer.
  const predicting = onTeacher({
    ...shared,
    heartbeatTimeout: '60 seconds',
    startToCloseTimeout: '24 hours',
  });
  return {
    describeTeacher: (input) => atAnyTime.describeTeacher(input),
    describeSoon: (input) => soon.describeTeacher(input),
    predictShard: (input) => predicting.predictShard(input),
  };
}

/** The activity of a user that leaves training clips out (contract/selection.ts). */
export function selectorOn({
  activity,
  taskQueue,
}: NonNullable<DistillRun['selection']>): (input: SelectClipsInput) => Promise<unknown> {
  const activities = proxyActivities<Record<string, (input: SelectClipsInput) => Promise<unknown>>>(
    {
      taskQueue,
      // It reads every row of the logits, and need not know of heartbeats.
      startToCloseTimeout: '6 hours',
      retry,
    },
  );
  const summary = 'Choose training clips to leave out';
  return (input) => activities[activity]!.executeWithOptions({ summary }, [input]);
}

function onTeacher(options: ActivityOptions): TeacherActivities {
  return summarised(proxyActivities<TeacherActivities>(options), TEACHER_SUMMARIES);
}
