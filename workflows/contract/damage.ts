/**
 * Damage that a run mends by itself: a shard or a model whose bytes do not hash to what is
 * recorded, or that is gone. The activity that meets it sets the bad object aside and fails with
 * `StoreDamaged`; the workflow has it made again, with the same bytes, and repeats the activity.
 */
import type { Split } from './models';

export type Damage =
  | { kind: 'audio'; split: Split; shard: number }
  | { kind: 'logits'; shard: number }
  | { kind: 'model'; sha256: string };

/**
 * `type` of the failure, whose first detail is a `Damage[]`. Non-retryable: only making again what
 * is damaged helps.
 */
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
