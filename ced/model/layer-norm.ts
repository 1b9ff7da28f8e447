/**
 * Layer normalisation without its affine part, which is folded into the linear layer behind it (`folded-linear.ts`): the gain and shift then cost a pass over the weights and not over the tokens.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';

export interface Normalised {
  /** [rows, width], mean 0 and variance 1 along each row. */
  readonly values: Tensor;
  /** [rows, 1], 1 / √(variance + ε). */
  readonly inverseDeviation: Tensor;
}

export function normaliseRows(ops: Ops, x: Tensor, epsilon: number): Normalised {
  const centred = ops.subtract(x, ops.mean(x, [-1], true));
  const variance = ops.mean(ops.square(centred), [-1], true);
  const inverseDeviation = ops.rsqrt(ops.add(variance, ops.scalar(epsilon)));
  return { values: ops.multiply(centred, inverseDeviation), inverseDeviation };
}

/** Gradient of the input. `centredGradient` is that of the normalised values less its row mean, which a folded linear layer gives for nothing. */
export function normaliseRowsBackward(ops: Ops, centredGradient: Tensor, { values, inverseDeviation }: Normalised): Tensor {
  const alongValues = ops.mean(ops.multiply(centredGradient, values), [-1], true);
  return ops.multiply(ops.subtract(centredGradient, ops.multiply(values, alongValues)), inverseDeviation);
}
