/**
 * What a run of an arm takes before any was measured: the operations of its trainings, at the speed
 * of the arms that were.
 */
import { OPERATIONS_PER_SECOND_A_CORE } from '../../ced/training/budget';
import { estimateTraining } from '../../cli/run/run-estimate';
import type { RunResult } from '../../workflows/contract/activities';
import { distillRunSchema, teachRunSchema } from '../../workflows/contract/run-file';
import type { Arm, ArmRun } from './experiment';
import { tableClips } from './table-clips';

/** The head is so small a part of a step that no number of classes shows. */
const CLASSES = [{ name: 'class' }];

/** Of the trainings of one run; null where the number of training clips is not known. */
export function armOperations(root: string, arm: Arm): number | null {
  const { type, run } = runOf(arm);
  const clips = tableClips(root, run.corpus.train);
  if (clips === null) return null;
  const { chunkSeconds, trainings } = type === 'distill' ? distilled(run) : trainedFromLabels(run);
  return trainings
    .map((each) => estimateTraining(each, clips, chunkSeconds, CLASSES).operations)
    .reduce((sum, operations) => sum + operations, 0);
}

function distilled(run: object) {
  const { logits, students } = distillRunSchema.parse({ name: 'plan', ...run });
  return { chunkSeconds: logits.chunkSeconds, trainings: students };
}

function trainedFromLabels(run: object) {
  const { chunkSeconds, teachers } = teachRunSchema.parse({ name: 'plan', ...run });
  return { chunkSeconds, trainings: teachers };
}

/** Clips that a run of an arm is scored on; null where that is not known. */
export function evaluationClips(root: string, arm: Arm): number | null {
  const table = runOf(arm).run.corpus.eval;
  return table === undefined ? null : tableClips(root, table);
}

/**
 * Operations a minute of one run, of all measured arms together; without any what budgets assume of
 * a core.
 * @param minutesOf measured minutes of one run of an arm, or null
 */
export function measuredSpeed(
  root: string,
  arms: readonly Arm[],
  minutesOf: (arm: Arm) => number | null,
): number {
  let [operations, minutes] = [0, 0];
  for (const arm of arms) {
    const took = minutesOf(arm);
    const done = took === null ? null : armOperations(root, arm);
    if (took === null || done === null) continue;
    [operations, minutes] = [operations + done, minutes + took];
  }
  return minutes > 0 ? operations / minutes : 60 * OPERATIONS_PER_SECOND_A_CORE;
}

/** Under the first seed, with models that need not exist in place of those it needs. */
function runOf(arm: Arm): ArmRun {
  return arm.make(1, arm.needs === undefined ? null : untrained(arm.needs));
}

/** A result with the names of an arm's models, which are all that shapes a run. */
function untrained(arm: Arm): RunResult {
  const { type, run } = runOf(arm);
  const models = type === 'distill' ? run.students : run.teachers;
  return {
    formatVersion: 1,
    run: arm.id,
    workflowId: arm.id,
    teachers: [],
    ensemble: { mAP: null },
    students: models.map(({ name }) => ({
      name,
      parameters: 0,
      mAP: null,
      agreement: null,
      checkpoint: 'untrained',
      sha256: 'untrained',
      bitExact: true,
    })),
    logits: null,
    rejected: 0,
    stages: [],
  };
}
