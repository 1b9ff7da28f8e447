/**
 * The feed-forward half of a block, behind its norm. GELU(z) = z·Φ(z) becomes t·(1 + erf t)/√2 with
 * t = z/√2: both constants move into the weights before and after. What is kept for the backward is
 * t without its bias; erf is taken again there, which costs less than another tensor of this size.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import { foldedLinear, foldedLinearBackward, type FoldedLinear } from './folded-linear';
import type { Branch, Normalised } from './layer-norm';
import { linearAfterNorm, type Gradients, type ParameterSource } from './parameter-access';

const FACTOR = Math.SQRT1_2;
/** ln(2/√π): the derivative of erf is 2/√π·exp(−t²). */
const LOG_SLOPE = Math.log(2 / Math.sqrt(Math.PI));

export interface Mlp extends Branch {
  readonly first: FoldedLinear;
  /** t · (1 + erf t) */
  readonly activated: Tensor;
  readonly secondWeight: Tensor;
}

export function mlp(
  ops: Ops,
  { values }: Normalised,
  block: string,
  parameter: ParameterSource,
): Mlp {
  const first = foldedLinear(
    ops,
    values,
    linearAfterNorm(parameter, `${block}.norm2`, `${block}.mlp.fc1`),
    FACTOR,
  );
  const [activated] = ops.fused([first.product, first.bias], (inner, [product, bias]) => {
    const t = inner.add(inner.wide(product as Tensor), bias as Tensor);
    return [inner.operand(inner.multiply(t, inner.add(inner.erf(t), inner.scalar(1))))] as const;
  });
  const secondWeight = ops.once(`scaled ${block}.mlp.fc2.weight`, () =>
    ops.operand(ops.scale(parameter(`${block}.mlp.fc2.weight`), FACTOR)),
  );
  const product = ops.matmul(activated, secondWeight, { transposeRight: true });
  return { product, bias: parameter(`${block}.mlp.fc2.bias`), first, activated, secondWeight };
}

/** From the gradient of the branch to that of the normalised input, each row less its mean. */
export function mlpBackward(
  ops: Ops,
  outputGradient: Tensor,
  saved: Mlp,
  block: string,
  parameter: ParameterSource,
  gradients: Gradients,
): Tensor {
  const { first, activated, secondWeight } = saved;
  gradients.add(`${block}.mlp.fc2.bias`, ops.columnSums(outputGradient));
  gradients.add(
    `${block}.mlp.fc2.weight`,
    ops.scale(ops.wide(ops.matmul(outputGradient, activated, { transposeLeft: true })), FACTOR),
  );

  const [firstGradient] = ops.fused(
    [ops.matmul(outputGradient, secondWeight), first.product, first.bias],
    (inner, [gradient, product, bias]) => {
      const t = inner.add(inner.wide(product as Tensor), bias as Tensor);
      const bell = inner.multiply(
        t,
        inner.exp(inner.subtract(inner.scalar(LOG_SLOPE), inner.square(t))),
      );
      const slope = inner.add(inner.add(inner.erf(t), inner.scalar(1)), bell);
      return [inner.operand(inner.multiply(inner.wide(gradient as Tensor), slope))] as const;
    },
  );
  const linear = foldedLinearBackward(ops, firstGradient, first);
  gradients.addLinearAfterNorm(`${block}.norm2`, `${block}.mlp.fc1`, linear, FACTOR);
  return linear.centredInput;
}
