/**
 * A linear layer that takes in the gain and shift of the layer norm before it and a constant factor
 * on its outputs:
 *   y = s ∘ (W·(g ∘ x̂ + β) + b) = x̂·Wfᵀ + bf   with   Wf = s ∘ W ∘ g,   bf = s ∘ (W·β + b).
 * The rows of Wc are those of Wf less their means, so dy·Wc is the gradient of x̂ already centred,
 * as the norm's backward wants it.
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
  /** x̂·Wfᵀ: y, to which its reader adds bf. */
  readonly product: Tensor;
  /** bf */
  readonly bias: Tensor;
  readonly input: Tensor;
  readonly centredWeight: Tensor;
}

const column = (ops: Ops, x: Tensor): Tensor => ops.reshape(x, x.shape[0] as number, 1);

function scaleRows(ops: Ops, scale: OutputScale): Tensor {
  return typeof scale === 'number' ? ops.scalar(scale) : ops.constant(scale, [scale.length, 1]);
}

/** `input` [rows, inputs] to [rows, outputs]. */
export function foldedLinear(
  ops: Ops,
  input: Tensor,
  parameters: LinearParameters,
  scale: OutputScale,
): FoldedLinear {
  const { weight, bias, gain, shift } = parameters;
  const ids = [weight, bias, gain, shift].map(({ id }) => id);
  const [foldedWeight, centredWeight, foldedBias] = ops.once(`folded ${ids} ${String(scale)}`, () =>
    folded(ops, parameters, scale),
  );
  return {
    product: ops.matmul(input, foldedWeight, { transposeRight: true }),
    bias: foldedBias,
    input,
    centredWeight,
  };
}

/** Wf, Wc and bf. */
function folded(
  ops: Ops,
  { weight, bias, gain, shift }: LinearParameters,
  scale: OutputScale,
): readonly [Tensor, Tensor, Tensor] {
  const [outputs, inputs] = weight.shape as [number, number];
  // W·g and W·β: the sums of the scaled rows, and what the shift adds.
  const sums = ops.matmulFloat32(weight, ops.stack([gain, shift]), { transposeRight: true });
  return ops.fused([weight, bias, gain, sums], (inner, [w, b, g, both]) => {
    const factor = scaleRows(inner, scale);
    const scaled = inner.multiply(w as Tensor, g as Tensor);
    const mean = inner.scale(inner.slice(both as Tensor, [0, 0], [outputs, 1]), 1 / inputs);
    const shifted = inner.add(
      column(inner, b as Tensor),
      inner.slice(both as Tensor, [0, 1], [outputs, 1]),
    );
    return [
      inner.operand(inner.multiply(scaled, factor)),
      inner.operand(inner.multiply(inner.subtract(scaled, mean), factor)),
      inner.reshape(inner.multiply(shifted, factor), outputs),
    ] as const;
  });
}

/** What one branch of a batch adds to the gradients of the layer's parameters. */
export interface FoldedLinearShare {
  /** Of output gradients and inputs, [outputs, inputs]. */
  readonly products: Tensor;
  /** Of the output gradients, [outputs]. */
  readonly sums: Tensor;
}

export interface FoldedLinearBackward extends FoldedLinearShare {
  /** Gradient of the normalised input, each row less its mean. */
  readonly centredInput: Tensor;
}

export function foldedLinearBackward(
  ops: Ops,
  outputGradient: Tensor,
  { input, centredWeight }: FoldedLinear,
): FoldedLinearBackward {
  return {
    products: ops.matmul(outputGradient, input, { transposeLeft: true }),
    sums: ops.columnSums(outputGradient),
    centredInput: ops.matmul(outputGradient, centredWeight),
  };
}

/**
 * From the shares of all branches to the gradients of weight, bias, gain and shift. The sums are
 * taken in the order of the branches, in float32.
 */
export function unfoldedGradients(
  ops: Ops,
  products: readonly Tensor[],
  sums: readonly Tensor[],
  { weight, gain, shift }: LinearParameters,
  scale: OutputScale,
): readonly [Tensor, Tensor, Tensor, Tensor] {
  return ops.fused([weight, gain, shift, ...products, ...sums], (inner, [w, g, s, ...shares]) => {
    const total = (parts: readonly Tensor[]): Tensor =>
      parts.map((part) => inner.wide(part)).reduce((sum, part) => inner.add(sum, part));
    const product = total(shares.slice(0, products.length));
    const columns = total(shares.slice(products.length));
    const factor = scaleRows(inner, scale);
    const scaledWeight = inner.multiply(product, factor);
    const bias = inner.multiply(column(inner, columns), factor);
    return [
      inner.add(inner.multiply(scaledWeight, g as Tensor), inner.multiply(bias, s as Tensor)),
      inner.reshape(bias, columns.shape[0] as number),
      inner.sum(inner.multiply(scaledWeight, w as Tensor), [0]),
      inner.sum(inner.multiply(bias, w as Tensor), [0]),
    ] as const;
  });
}
