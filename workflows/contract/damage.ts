/**
 * Damage that a run repairs by itself: a shard or a model that is missing, or whose bytes do not
 * have the recorded hash. The activity that finds it quarantines the object and fails with
 * `StoreDamaged`; the workflow has it made again, with the same bytes, and repeats the activity.
 */
import type { Split } from './models';

export type Damage =
  | { kind: 'audio'; split: Split; shard: number }
  | { kind: 'logits'; shard: number }
  | { kind: 'model'; sha256: string }
  /** Outputs of a teacher that is a worker: damaged, or not there. */
  | { kind: 'outputs'; teacher: string; split: Split; shard: number };

/** `type` of the failure; its first detail is a `Damage[]`. Non-retryable: only a repair helps. */
export const STORE_DAMAGED = 'StoreDamaged';

/** Crosses the engine's process border by its `damages`. */
export class StoreDamaged extends Error {
  constructor(
    readonly damages: Damage[],
    message: string,
  ) {
    super(message);
    this.name = STORE_DAMAGED;
  }
}
