/** Gradients of a batch that is computed in parts: each part adds its share to variables. */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';

/** [2]: the weight of a part's gradient; 0 to overwrite the sums (first part), 1 to add to them. */
export function partScalars(share: number, isFirst: boolean): Float32Array {
  return Float32Array.of(share, isFirst ? 0 : 1);
}

/**
 * Assigns sum · keep + gradient · share to each sum. `scalars` [2] as from `partScalars`;
 * `gradients` and `sums` in the same order.
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
