/** A run at one moment: the status of its workflow and the last heartbeats of its activities. */
import type { LiveProgress } from '../../workflows/contract/live-progress';
import type { RunStatus, StageName } from '../../workflows/contract/status';

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
}

export interface RunView {
  status: RunStatus;
  pending: PendingActivity[];
}

const STAGES_OF: Readonly<Record<string, readonly StageName[]>> = {
  planCorpus: ['plan'],
  importModels: ['plan'],
  ingestShard: ['download'],
  sealCorpus: ['download'],
  scoreModel: ['gate', 'evaluate'],
  fitEnsemble: ['gate'],
  computeLogits: ['logits'],
  writeLogits: ['logits'],
  importPublishedLogits: ['logits'],
  trainModel: ['distill', 'teach'],
  compareModels: ['promote'],
  findChampion: ['promote'],
  promoteChallenger: ['promote'],
  publishRun: ['publish'],
};

/**
 * Activities of a stage. `scoreModel` belongs to two stages, `gate` and `evaluate`: it counts for
 * the one that is running.
 */
export function activitiesOf(view: RunView, stage: StageName): PendingActivity[] {
  const running = view.status.stages.some(
    ({ name, state }) => name === stage && state === 'running',
  );
  return view.pending.filter(({ type }) => {
    const stages = STAGES_OF[type] ?? [];
    return stages.includes(stage) && (stages.length === 1 || running);
  });
}
