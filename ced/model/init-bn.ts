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

export interface RunningStatistics {
  readonly [name: string]: Tensor;
}

/** Also gives the new running statistics, by name. */
export function initBnTraining(
  ops: Ops,
  spectrogram: Tensor,
  parameter: ParameterSource,
): InitBn & { running: RunningStatistics } {
  const [batch, frames] = spectrogram.shape as [number, number, number];
  const count = batch * frames;
  const mean = ops.mean(spectrogram, [0, 1]);
  const variance = ops.mean(ops.square(ops.subtract(spectrogram, mean)), [0, 1]);
  const moved = (name: string, value: Tensor): Tensor =>
    ops.add(ops.scale(parameter(`${NAME}.${name}`), 1 - MOMENTUM), ops.scale(value, MOMENTUM));
  const running = {
    [`${NAME}.running_mean`]: moved('running_mean', mean),
    [`${NAME}.running_var`]: moved('running_var', ops.scale(variance, count / (count - 1))),
  };
  return { ...affine(ops, spectrogram, mean, variance, parameter), running };
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
  gradients.set(`${NAME}.weight`, ops.columnSums(ops.multiply(outputGradient, used)));
  gradients.set(`${NAME}.bias`, ops.columnSums(outputGradient));
}
