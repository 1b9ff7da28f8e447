/**
 * The gradient of a batch that is computed in parts: each part adds its share to sums that live
 * between the parts.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';

/**
 * The two numbers that say what a part does: the weight of its gradient, and 0 to begin anew or 1
 * to add.
 */
export function partScalars(share: number, isFirst: boolean): Float32Array {
  return Float32Array.of(share, isFirst ? 0 : 1);
}

/**
 * sum · keep + gradient · share, with `scalars` as from `partScalars` and the others in one order.
 */
export function accumulate(
  ops: Ops,
  scalars: Tensor,
  gradients: readonly Tensor[],
  sums: readonly Tensor[],
): void {
  const [share, keep] = ops.unstack(scalars) as [Tensor, Tensor];
  gradients.forEach((gradient, index) => {
    const sum = sums[index] as Tensor;
    const before = ops.readVariable(sum, gradient.shape);
    ops.assignVariable(sum, ops.add(ops.multiply(before, keep), ops.multiply(gradient, share)));
  });
}
