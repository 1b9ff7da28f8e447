/** Options of a training step that change its result. */
import type { Precision } from '../engine/ops';

export interface TrainerOptions {
  readonly precision: Precision;
  /** Decoupled, of every trained parameter, as `torch.optim.AdamW`. @default 0 */
  readonly weightDecay?: number;
  /**
   * Micro-batches that a batch is computed in: memory of one part, gradient of the whole. Only
   * batch norm sees the parts: each is normalised by its own statistics, and the running ones take
   * one update a part, as with PyTorch. @default 1
   */
  readonly gradientAccumulation?: number;
  /** Largest joint norm of the gradients. @default no clipping */
  readonly clipNorm?: number;
}
