/**
 * Multi-head self-attention, behind its norm. The 1/√d of the scores is folded into the query rows
 * of the projection, and the softmax's row sums of dP∘P are taken as those of dO∘O, which are
 * √-many fewer numbers.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import { foldedLinear, foldedLinearBackward, type FoldedLinear } from './folded-linear';
import type { Branch, Normalised } from './layer-norm';
import { linearAfterNorm, type Gradients, type ParameterSource } from './parameter-access';

export interface AttentionShape {
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  readonly headWidth: number;
}

export interface Attention extends Branch {
  readonly projection: FoldedLinear;
  /** Each [batch, heads, tokens, headWidth]. */
  readonly queries: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly probabilities: Tensor;
  readonly attended: Tensor;
  /** `attended` with the heads side by side, [batch · tokens, width]. */
  readonly merged: Tensor;
}

function queryScale({ heads, headWidth }: AttentionShape): Float32Array {
  const width = heads * headWidth;
  return new Float32Array(3 * width).fill(1).fill(headWidth ** -0.5, 0, width);
}

export function attention(
  ops: Ops,
  normalised: Normalised,
  block: string,
  shape: AttentionShape,
  parameter: ParameterSource,
): Attention {
  const { batch, tokens, heads, headWidth } = shape;
  const parameters = linearAfterNorm(parameter, `${block}.norm1`, `${block}.attn.qkv`);
  const projection = foldedLinear(ops, normalised.values, parameters, queryScale(shape));
  const [queries, keys, values] = ops.fused(
    [projection.product, projection.bias],
    (inner, [product, bias]) => {
      const projected = inner.operand(inner.add(inner.wide(product as Tensor), bias as Tensor));
      const perHead = inner.transpose(
        inner.reshape(projected, batch, tokens, 3, heads, headWidth),
        2,
        0,
        3,
        1,
        4,
      );
      return inner.unstack(perHead) as [Tensor, Tensor, Tensor];
    },
  );
  const probabilities = ops.softmax(ops.batchMatmul(queries, keys, { transposeRight: true }));
  const attended = ops.batchMatmul(probabilities, values);
  const merged = ops.reshape(
    ops.transpose(attended, 0, 2, 1, 3),
    batch * tokens,
    heads * headWidth,
  );
  const product = ops.matmul(merged, parameter(`${block}.attn.proj.weight`), {
    transposeRight: true,
  });
  return {
    product,
    bias: parameter(`${block}.attn.proj.bias`),
    projection,
    queries,
    keys,
    values,
    probabilities,
    attended,
    merged,
  };
}

/** From the gradient of the branch to that of the normalised input, each row less its mean. */
export function attentionBackward(
  ops: Ops,
  outputGradient: Tensor,
  saved: Attention,
  block: string,
  shape: AttentionShape,
  parameter: ParameterSource,
  gradients: Gradients,
): Tensor {
  const { batch, tokens, heads, headWidth } = shape;
  const { queries, keys, values, probabilities, attended, merged } = saved;
  gradients.add(`${block}.attn.proj.bias`, ops.columnSums(outputGradient));
  gradients.add(
    `${block}.attn.proj.weight`,
    ops.wide(ops.matmul(outputGradient, merged, { transposeLeft: true })),
  );

  const mergedGradient = ops.matmul(outputGradient, parameter(`${block}.attn.proj.weight`));
  const attendedGradient = ops.transpose(
    ops.reshape(mergedGradient, batch, tokens, heads, headWidth),
    0,
    2,
    1,
    3,
  );
  const rowSums = ops.sum(ops.multiply(ops.wide(attendedGradient), ops.wide(attended)), [-1], true);
  const probabilityGradient = ops.batchMatmul(attendedGradient, values, { transposeRight: true });
  const [scoreGradient] = ops.fused(
    [probabilities, probabilityGradient, rowSums],
    (inner, [p, gradient, sums]) => {
      const centred = inner.subtract(inner.wide(gradient as Tensor), sums as Tensor);
      return [inner.operand(inner.multiply(inner.wide(p as Tensor), centred))] as const;
    },
  );
  const perHead = ops.stack([
    ops.batchMatmul(scoreGradient, keys),
    ops.batchMatmul(scoreGradient, queries, { transposeLeft: true }),
    ops.batchMatmul(probabilities, attendedGradient, { transposeLeft: true }),
  ]);
  const projectionGradient = ops.reshape(
    ops.transpose(perHead, 1, 3, 0, 2, 4),
    batch * tokens,
    3 * heads * headWidth,
  );

  const linear = foldedLinearBackward(ops, projectionGradient, saved.projection);
  gradients.addLinearAfterNorm(`${block}.norm1`, `${block}.attn.qkv`, linear, queryScale(shape));
  return linear.centredInput;
}
