/**
 * A linear layer that takes in the gain and shift of the layer norm before it and a constant factor on its outputs:
 *   y = s ∘ (W·(g ∘ x̂ + β) + b) = x̂·Wfᵀ + bf   with   Wf = s ∘ W ∘ g,   bf = s ∘ (W·β + b).
 * The rows of Wc are those of Wf less their means, so dy·Wc is the gradient of x̂ already centred, as the norm's backward wants it.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';

export interface LinearParameters {
  readonly weight: Tensor; // [outputs, inputs]
  readonly bias: Tensor; // [outputs]
  readonly gain: Tensor; // [inputs]
  readonly shift: Tensor; // [inputs]
}

/** The factor on the outputs: one number, or one per output. */
export type OutputScale = number | Float32Array;

export interface FoldedLinear {
  readonly output: Tensor;
  readonly input: Tensor;
  readonly centredWeight: Tensor;
}

const column = (ops: Ops, x: Tensor): Tensor => ops.reshape(x, x.shape[0] as number, 1);
const row = (ops: Ops, x: Tensor): Tensor => ops.reshape(x, 1, x.shape[0] as number);
const flat = (ops: Ops, x: Tensor): Tensor => ops.reshape(x, x.shape[0] === 1 ? (x.shape[1] as number) : (x.shape[0] as number));

function scaleTensors(ops: Ops, scale: OutputScale): { rows: Tensor; flat: Tensor } {
  if (typeof scale === 'number') return { rows: ops.scalar(scale), flat: ops.scalar(scale) };
  return { rows: ops.constant(scale, [scale.length, 1]), flat: ops.constant(scale, [scale.length]) };
}

/** `input` [rows, inputs] to `output` [rows, outputs]. */
export function foldedLinear(ops: Ops, input: Tensor, { weight, bias, gain, shift }: LinearParameters, scale: OutputScale): FoldedLinear {
  const factor = scaleTensors(ops, scale);
  const foldedWeight = ops.multiply(ops.multiply(weight, gain), factor.rows);
  const foldedBias = ops.multiply(ops.add(bias, flat(ops, ops.matmulFloat32(weight, column(ops, shift)))), factor.flat);
  const output = ops.addBias(ops.matmul(input, foldedWeight, { transposeRight: true }), foldedBias);
  return { output, input, centredWeight: ops.subtract(foldedWeight, ops.mean(foldedWeight, [-1], true)) };
}

export interface FoldedLinearGradients extends LinearParameters {
  /** Gradient of the normalised input, each row less its mean. */
  readonly centredInput: Tensor;
}

export function foldedLinearBackward(
  ops: Ops,
  outputGradient: Tensor,
  { input, centredWeight }: FoldedLinear,
  { weight, gain, shift }: LinearParameters,
  scale: OutputScale,
): FoldedLinearGradients {
  const factor = scaleTensors(ops, scale);
  const scaledWeight = ops.multiply(ops.matmul(outputGradient, input, { transposeLeft: true }), factor.rows);
  const bias = ops.multiply(ops.columnSums(outputGradient), factor.flat);
  return {
    weight: ops.add(ops.multiply(scaledWeight, gain), ops.multiply(column(ops, bias), row(ops, shift))),
    bias,
    gain: ops.sum(ops.multiply(scaledWeight, weight), [0]),
    shift: flat(ops, ops.matmulFloat32(row(ops, bias), weight)),
    centredInput: ops.matmul(outputGradient, centredWeight),
  };
}
