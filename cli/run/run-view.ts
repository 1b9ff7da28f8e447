/** A run at one moment: the status of its workflow and the last heartbeats of its activities. */
import type { LiveProgress } from '../../workflows/contract/live-progress';
import type { RunStatus, StageName } from '../../workflows/contract/status';
import { teacherCallOf, type TeacherCall } from '../../workflows/contract/teacher-call';

export interface PendingActivity {
  id: string;
  /** Name of the activity, for example `trainModel`. */
  type: string;
  attempt: number;
  /** False while it waits for a worker or for its next attempt. */
  started: boolean;
  progress: LiveProgress | null;
  /** Type and message of the failure that led to this attempt. */
  lastFailure: string | null;
  /** Task queue, where the server says it. */
  queue?: string | undefined;
  /** Identity of the worker that has it, or had it last. */
  worker?: string | undefined;
  /** Unix time of the next attempt, while it waits for that. */
  nextAttemptMs?: number | undefined;
  /** Unix time of the last sign of life of this attempt, by the server's clock. */
  lastSignMs?: number | undefined;
  /** That no worker answers. */
  alert?: string | undefined;
}

export interface RunView {
  status: RunStatus;
  pending: PendingActivity[];
}

const STAGES_OF: Readonly<Record<string, readonly StageName[]>> = {
  importModels: ['plan'],
  describeTeacher: ['plan'],
  acceptTeacher: ['plan'],
  checkProbe: ['plan'],
  requireClasses: ['plan'],
  tryTeachers: ['plan'],
  planCorpus: ['plan'],
  ingestShard: ['download'],
  sealCorpus: ['download'],
  scoreModel: ['gate', 'evaluate'],
  scoreOutputs: ['gate'],
  fitEnsemble: ['gate'],
  compareWithLabels: ['gate'],
  writeRows: ['gate', 'logits'],
  predictShard: ['gate', 'logits'],
  computeLogits: ['logits'],
  writeLogits: ['logits'],
  importPublishedLogits: ['logits'],
  trainModel: ['distill', 'teach'],
  compareModels: ['promote'],
  findChampion: ['promote'],
  promoteChallenger: ['promote'],
  publishRun: ['publish'],
};

/** Stages without work for the queue of GPU activities. */
const CPU_STAGES: readonly StageName[] = ['plan', 'download', 'publish'];

/** Whether a run that is not paused has GPU activities before it. @param status null = unknown */
export function needsGpu(status: RunStatus | null): boolean {
  return (
    status === null ||
    status.stages.some(({ name, state }) => !CPU_STAGES.includes(name) && state !== 'done')
  );
}

/**
 * Activities of a stage. Those that belong to two stages, as `scoreModel` to `gate` and `evaluate`,
 * count for the one that is running.
 */
export function activitiesOf(view: RunView, stage: StageName): PendingActivity[] {
  const running = view.status.stages.some(
    ({ name, state }) => name === stage && state === 'running',
  );
  return view.pending.filter(({ type, id }) => {
    const asked = teacherCallOf(id)?.asked;
    const stages = asked === undefined ? (STAGES_OF[type] ?? []) : [stageThatAsks(asked)];
    return stages.includes(stage) && (stages.length === 1 || running);
  });
}

/** The status may be seconds older than the activities. */
function stageThatAsks(asked: TeacherCall['asked']): StageName {
  if (asked === 'description' || asked === 'probe clips') return 'plan';
  return asked.startsWith('train ') ? 'logits' : 'gate';
}
