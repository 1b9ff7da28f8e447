/** Mixup and binary cross-entropy (paper, sections 2.3 and 3.2), in the graph. */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';

/**
 * flip(x)·λ + x·(1 − λ), where flip reverses the batch: each clip is mixed with its mirror image in
 * the batch. `lambda` [batch].
 */
export function mixup(ops: Ops, x: Tensor, lambda: Tensor): Tensor {
  const weight = ops.reshape(lambda, x.shape[0] as number, ...x.shape.slice(1).map(() => 1));
  return ops.add(
    ops.multiply(ops.reverse(x, 0), weight),
    ops.multiply(x, ops.subtract(ops.scalar(1), weight)),
  );
}

/**
 * Mean over batch and classes of the cross-entropy between σ(logits) and targets in [0, 1], and its
 * gradient. It is linear in the targets, so mixing two losses is the same as mixing their targets.
 * Of a branch of the batch it is the branch's share, `share` of the whole.
 */
export function binaryCrossEntropy(
  ops: Ops,
  logits: Tensor,
  targets: Tensor,
  share = 1,
): { loss: Tensor; logitsGradient: Tensor } {
  const [batch, classes] = logits.shape as [number, number];
  // max(l, 0) − l·y + log(1 + e^−|l|) overflows nowhere.
  const perClass = ops.add(
    ops.subtract(ops.relu(logits), ops.multiply(logits, targets)),
    ops.log1p(ops.exp(ops.negate(ops.abs(logits)))),
  );
  const mean = ops.mean(perClass, [0, 1]);
  return {
    loss: share === 1 ? mean : ops.scale(mean, share),
    logitsGradient: ops.scale(
      ops.subtract(ops.sigmoid(logits), targets),
      share / (batch * classes),
    ),
  };
}
