/** What a job inside the engine's process works with. */
import type { Engine } from '../ced/engine/engine';
import type { Vocabulary } from '../ced/teachers/vocabulary';
import type { EpochRecord } from '../workflows/contract/activities';
import type { LiveProgress } from '../workflows/contract/live-progress';
import type { UncommittedCheckpoint } from './train/checkpoint-commit';
import type { MappedModel } from './mapped-model';
import type { ObjectCache } from '../storage/object-cache';
import type { Store } from '../storage/store';

export interface JobContext {
  store: Store;
  engine: Engine;
  /** What this machine keeps for itself; everything in it can be made again. */
  cache: ObjectCache;
  monotonicMs: () => number;
  onProgress(progress: LiveProgress): void;
  onEpoch(record: EpochRecord): void;
  /**
   * Commits a checkpoint beside whatever else the job does. The caller must not change it after the
   * call.
   */
  commit(checkpoint: UncommittedCheckpoint): Promise<void>;
  /**
   * Lets the process read its orders. Resolves to true when it was told to stop after a checkpoint.
   */
  yieldAndCheckStop(): Promise<boolean>;
  /**
   * A model of the store ready to be heard, its classes mapped to the vocabulary; kept between
   * jobs.
   */
  teacher(
    modelSha256: string,
    precision: 'float32' | 'bfloat16',
    vocabulary: Vocabulary,
  ): Promise<MappedModel>;
}
