/** Options of a training step that change its result, with their defaults. */
import type { Precision } from '../engine/ops';
import type { LearningRates, TrainedPart } from './learning-rates';

export interface TrainerOptions {
  readonly precision: Precision;
  /** Decoupled, of every trained parameter, as `torch.optim.AdamW`. @default 0 */
  readonly weightDecay?: number;
  /**
   * Micro-batches that a batch is computed in: memory of one part, gradient of the whole. Only
   * batch norm sees the parts: each is normalised by its own statistics, and the running ones take
   * one update a part, as with PyTorch. @default 1
   */
  readonly parts?: number | undefined;
  /** The name of `parts` in settings of earlier versions. */
  readonly gradientAccumulation?: number | undefined;
  /** Largest joint norm of the gradients; null for no clipping. @default null */
  readonly clipNorm?: number | null;
  /** The rest is frozen, `init_bn` with its running statistics too. @default all */
  readonly train?: TrainedPart | undefined;
  /** @default 1 */
  readonly headLearningRateFactor?: number | undefined;
  /** @default 1 */
  readonly layerDecay?: number | undefined;
  /** `ema` keeps an exponential moving average of the weights beside them. @default best */
  readonly averaging?: Averaging | undefined;
  /** Share of the average that a step keeps, once there are enough (moving-average.ts). */
  readonly emaDecay?: number | undefined;
}

export type Averaging = 'best' | 'ema';

const EMA_DECAY = 0.999;

/** With every default in place. */
export interface CompleteOptions extends LearningRates {
  readonly precision: Precision;
  readonly weightDecay: number;
  readonly parts: number;
  readonly clipNorm: number | null;
  /** null for no moving average. */
  readonly emaDecay: number | null;
}

/** The options among `settings`, which may hold others, e.g. those of a run file. */
export function trainerOptions({
  precision,
  weightDecay = 0,
  parts,
  gradientAccumulation = 1,
  clipNorm = null,
  train = 'all',
  headLearningRateFactor = 1,
  layerDecay = 1,
  averaging = 'best',
  emaDecay = EMA_DECAY,
}: TrainerOptions): CompleteOptions {
  const rates = { train, headLearningRateFactor, layerDecay };
  return {
    ...{ precision, weightDecay, parts: parts ?? gradientAccumulation, clipNorm, ...rates },
    emaDecay: averaging === 'ema' ? emaDecay : null,
  };
}
