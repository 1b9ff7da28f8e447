/** What a job inside the engine's process works with, and where it reports and stops. */
import type { Engine } from '../ced/engine/engine';
import type { Vocabulary } from '../ced/teachers/vocabulary';
import type { EpochRecord } from '../workflows/contract/activities';
import { phaseProgress, type LiveProgress } from '../workflows/contract/live-progress';
import type { UncommittedCheckpoint } from './train/checkpoint-commit';
import type { MappedModel } from './mapped-model';
import type { ObjectCache } from '../storage/object-cache';
import type { Store } from '../storage/store';
import { EngineStopped } from './engine-jobs';
import type { GroupLink } from './train/group-link';

export interface JobContext {
  store: Store;
  engine: Engine;
  /** What this machine keeps for itself; everything in it can be made again. */
  cache: ObjectCache;
  monotonicMs: () => number;
  onProgress(progress: LiveProgress): void;
  onEpoch(record: EpochRecord): void;
  /**
   * Commits a checkpoint beside whatever else the job does. Its tensors' memory goes to the
   * thread that commits: the caller reads nothing of it after the call.
   */
  commit(checkpoint: UncommittedCheckpoint): Promise<void>;
  /**
   * Lets the process read its messages. Resolves to true when the job was told to stop once its
   * state is committed.
   */
  yieldAndCheckStop(): Promise<boolean>;
  /** Absent where no other worker may take part in the job. */
  group?: GroupLink;
  /**
   * A loaded model of the store, its classes mapped to the vocabulary; kept between jobs.
   * `missing`: whether it may lack some of them, `refuse` by default.
   */
  teacher(
    modelSha256: string,
    precision: 'float32' | 'bfloat16',
    vocabulary: Vocabulary,
    missing?: 'refuse' | 'abstain',
  ): Promise<MappedModel>;
}

/** @throws {EngineStopped} when the job was told to stop; for jobs whose state needs no commit */
export async function throwIfStopped(
  context: Pick<JobContext, 'yieldAndCheckStop'>,
): Promise<void> {
  if (await context.yieldAndCheckStop()) throw new EngineStopped();
}

/**
 * Reports what the job does next where it counts nothing: an uncounted phase is no hang.
 * @throws {EngineStopped}
 */
export async function beginPhase(
  context: Pick<JobContext, 'onProgress' | 'yieldAndCheckStop'>,
  phase: string,
): Promise<void> {
  context.onProgress(phaseProgress(phase));
  await throwIfStopped(context);
}
