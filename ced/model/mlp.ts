/**
 * The feed-forward half of a block, with pre-norm and residual. GELU(z) = z·Φ(z) becomes −(t·erfc t)/√2 with t = −z/√2: both constants move into the
 * weights before and after, and the activation is one special function and one product.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import { BLOCK_EPSILON } from './attention';
import { foldedLinear, foldedLinearBackward, type FoldedLinear } from './folded-linear';
import { normaliseRows, normaliseRowsBackward, type Normalised } from './layer-norm';
import { linearAfterNorm, type Gradients, type ParameterSource } from './parameter-access';

const FACTOR = -Math.SQRT1_2;
/** ln(2/√π): the derivative of erfc is −2/√π·exp(−t²). */
const LOG_SLOPE = Math.log(2 / Math.sqrt(Math.PI));

export interface Mlp {
  readonly output: Tensor;
  readonly normalised: Normalised;
  readonly first: FoldedLinear;
  /** erfc of the first layer's output. */
  readonly tail: Tensor;
  /** t · erfc t */
  readonly activated: Tensor;
  readonly secondWeight: Tensor;
}

/** `x` [rows, width] to x + mlp(norm(x)). */
export function mlp(ops: Ops, x: Tensor, block: string, parameter: ParameterSource): Mlp {
  const normalised = normaliseRows(ops, x, BLOCK_EPSILON);
  const first = foldedLinear(ops, normalised.values, linearAfterNorm(parameter, `${block}.norm2`, `${block}.mlp.fc1`), FACTOR);
  const tail = ops.erfc(first.output);
  const activated = ops.multiply(first.output, tail);
  const secondWeight = ops.scale(parameter(`${block}.mlp.fc2.weight`), FACTOR);
  const second = ops.addBias(ops.matmul(activated, secondWeight, { transposeRight: true }), parameter(`${block}.mlp.fc2.bias`));
  return { output: ops.add(x, second), normalised, first, tail, activated, secondWeight };
}

/** Gradient of `x`. */
export function mlpBackward(
  ops: Ops,
  outputGradient: Tensor,
  saved: Mlp,
  block: string,
  parameter: ParameterSource,
  gradients: Gradients,
): Tensor {
  gradients.set(`${block}.mlp.fc2.bias`, ops.columnSums(outputGradient));
  gradients.set(`${block}.mlp.fc2.weight`, ops.scale(ops.matmul(outputGradient, saved.activated, { transposeLeft: true }), FACTOR));

  const t = saved.first.output;
  const slope = ops.subtract(saved.tail, ops.multiply(t, ops.exp(ops.subtract(ops.scalar(LOG_SLOPE), ops.square(t)))));
  const firstGradient = ops.multiply(ops.matmul(outputGradient, saved.secondWeight), slope);
  const parameters = linearAfterNorm(parameter, `${block}.norm2`, `${block}.mlp.fc1`);
  const linear = foldedLinearBackward(ops, firstGradient, saved.first, parameters, FACTOR);
  gradients.setLinearAfterNorm(`${block}.norm2`, `${block}.mlp.fc1`, linear);
  return ops.add(outputGradient, normaliseRowsBackward(ops, linear.centredInput, saved.normalised));
}
