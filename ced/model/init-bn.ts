/**
 * `init_bn`: batch normalisation of each mel bin over batch and time, in place of the corpus
 * statistics that other taggers need (paper, section 2.1). Training uses the batch's own statistics
 * and moves the running ones by a hundredth, with PyTorch's unbiased variance; evaluation uses the
 * running ones.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { Gradients, ParameterSource } from './parameter-access';

const EPSILON = 1e-5;
const MOMENTUM = 0.01;
const NAME = 'encoder.init_bn';

export interface InitBn {
  /** [batch, frames, mels] */
  readonly output: Tensor;
  /** The input, normalised, before gain and shift. */
  readonly normalised: Tensor;
}

function affine(
  ops: Ops,
  spectrogram: Tensor,
  mean: Tensor,
  variance: Tensor,
  parameter: ParameterSource,
): InitBn {
  const inverseDeviation = ops.rsqrt(ops.add(variance, ops.scalar(EPSILON)));
  const normalised = ops.multiply(ops.subtract(spectrogram, mean), inverseDeviation);
  const output = ops.add(
    ops.multiply(normalised, parameter(`${NAME}.weight`)),
    parameter(`${NAME}.bias`),
  );
  return { output, normalised };
}

export function initBnEvaluation(
  ops: Ops,
  spectrogram: Tensor,
  parameter: ParameterSource,
): InitBn {
  return affine(
    ops,
    spectrogram,
    parameter(`${NAME}.running_mean`),
    parameter(`${NAME}.running_var`),
    parameter,
  );
}

export const RUNNING_STATISTICS = [`${NAME}.running_mean`, `${NAME}.running_var`] as const;

/** By name, [mels] each. */
export type RunningStatistics = Record<(typeof RUNNING_STATISTICS)[number], Tensor>;

/**
 * Mean and variance of each mel bin over the branches of a batch, and what they add to the running
 * statistics.
 */
export interface BatchStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly shares: RunningStatistics;
}

/** `branches` [rows, frames, mels] each, of one batch. */
export function batchStatistics(ops: Ops, branches: readonly Tensor[]): BatchStatistics {
  const counts = branches.map(({ shape: [rows = 0, frames = 0] }) => rows * frames);
  const count = counts.reduce((sum, each) => sum + each);
  const average = (of: (branch: Tensor) => Tensor): Tensor =>
    branches
      .map((branch, index) => {
        const own = ops.mean(of(branch), [0, 1]);
        return branches.length === 1 ? own : ops.scale(own, (counts[index] as number) / count);
      })
      .reduce((sum, each) => ops.add(sum, each));
  const mean = average((branch) => branch);
  const variance = average((branch) => ops.square(ops.subtract(branch, mean)));
  const shares: RunningStatistics = {
    'encoder.init_bn.running_mean': ops.scale(mean, MOMENTUM),
    'encoder.init_bn.running_var': ops.scale(ops.scale(variance, count / (count - 1)), MOMENTUM),
  };
  return { mean, variance, shares };
}

/** A running statistic after a batch or a part of one; `share` as from `batchStatistics`. */
export function movedStatistic(ops: Ops, before: Tensor, share: Tensor): Tensor {
  return ops.add(ops.scale(before, 1 - MOMENTUM), share);
}

/** One branch, by the statistics of its batch. */
export function initBnTraining(
  ops: Ops,
  spectrogram: Tensor,
  { mean, variance }: BatchStatistics,
  parameter: ParameterSource,
): InitBn {
  return affine(ops, spectrogram, mean, variance, parameter);
}

/**
 * Gradients of gain and shift; the statistics depend on neither, and the input needs none.
 * `outputGradient` may lack frames at the end that had no influence.
 */
export function initBnBackward(
  ops: Ops,
  outputGradient: Tensor,
  { normalised }: InitBn,
  gradients: Gradients,
): void {
  const [batch, frames, mels] = outputGradient.shape as [number, number, number];
  const used = ops.slice(normalised, [0, 0, 0], [batch, frames, mels]);
  gradients.add(`${NAME}.weight`, ops.columnSums(ops.multiply(outputGradient, used)));
  gradients.add(`${NAME}.bias`, ops.columnSums(outputGradient));
}
