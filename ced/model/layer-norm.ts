/**
 * Layer normalisation without its affine part, which is folded into the linear layer behind it
 * (`folded-linear.ts`): the gain and shift then cost a pass over the weights and not over the
 * tokens. The residual sums around a norm are taken in the same pass as the norm.
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
  const [values, inverseDeviation] = ops.fused([x], (inner, [rows]) =>
    normalise(inner, rows as Tensor, epsilon),
  );
  return { values, inverseDeviation };
}

/**
 * What a branch adds to the tokens: [rows, width] from a matrix product, and the bias that is still
 * to be added to each row.
 */
export interface Branch {
  readonly product: Tensor;
  readonly bias: Tensor;
}

/** The sum, and the sum normalised, its values as products take them. */
export function addAndNormalise(
  ops: Ops,
  x: Tensor,
  { product, bias }: Branch,
  epsilon: number,
): { sum: Tensor; normalised: Normalised } {
  const [sum, values, inverseDeviation] = ops.fused(
    [x, product, bias],
    (inner, [before, added, shift]) => {
      const sum = inner.add(
        before as Tensor,
        inner.add(inner.wide(added as Tensor), shift as Tensor),
      );
      const [values, inverseDeviation] = normalise(inner, sum, epsilon);
      return [sum, inner.operand(values), inverseDeviation] as const;
    },
  );
  return { sum, normalised: { values, inverseDeviation } };
}

function normalise(ops: Ops, x: Tensor, epsilon: number): readonly [Tensor, Tensor] {
  const centred = ops.subtract(x, ops.mean(x, [-1], true));
  const variance = ops.mean(ops.square(centred), [-1], true);
  const inverseDeviation = ops.rsqrt(ops.add(variance, ops.scalar(epsilon)));
  return [ops.multiply(centred, inverseDeviation), inverseDeviation];
}

/**
 * Gradient of the input, on top of what reaches it by other ways (`residual`, if any).
 * `centredGradient` is that of the normalised values less its row mean, which a folded linear layer
 * gives for nothing.
 */
export function normaliseRowsBackward(
  ops: Ops,
  centredGradient: Tensor,
  { values, inverseDeviation }: Normalised,
  residual: Tensor | null = null,
): Tensor {
  const inputs = [
    centredGradient,
    values,
    inverseDeviation,
    ...(residual === null ? [] : [residual]),
  ];
  const [gradient] = ops.fused(inputs, (inner, [gradient, rows, inverse, rest]) => {
    const [centred, normalised] = [inner.wide(gradient as Tensor), inner.wide(rows as Tensor)];
    const alongValues = inner.mean(inner.multiply(centred, normalised), [-1], true);
    const across = inner.multiply(
      inner.subtract(centred, inner.multiply(normalised, alongValues)),
      inverse as Tensor,
    );
    return [rest === undefined ? across : inner.add(rest, across)] as const;
  });
  return gradient;
}
