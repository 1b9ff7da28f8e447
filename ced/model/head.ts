/**
 * From normalised tokens to logits: pooling, second norm, linear layer. Poolings as in the
 * published code:
 *   `mean`, `logit`  mean of all tokens (they differ there in whether the model or its loss applies
 *                    the sigmoid; logits are the same)
 *   `token`          the class token alone
 *   `dm`             mean over frequency, probabilities per 160 ms, mean of those over time; given
 *                    here as the log-odds of that mean
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { ModelConfig } from './config';
import { foldedLinear, foldedLinearBackward, type FoldedLinear } from './folded-linear';
import { normaliseRows, normaliseRowsBackward, type Normalised } from './layer-norm';
import { linearAfterNorm, type Gradients, type ParameterSource } from './parameter-access';

const OUTPUT_NORM_EPSILON = 1e-5;
/** Keeps log-odds finite where every moment is certain. */
export const CERTAINTY = 1e-7;

export interface HeadShape {
  readonly batch: number;
  readonly tokensPerClip: number;
  readonly timePatches: number;
}

export interface Head {
  /** [batch, classes] */
  readonly logits: Tensor;
  /**
   * The normalised tokens, pooled: [rows, width] with a row per clip, or per clip and moment for
   * `dm`.
   */
  readonly pooled: Tensor;
  readonly normalised: Normalised;
  readonly linear: FoldedLinear;
  /** `dm` only: probabilities per moment [batch, time, classes] and their mean [batch, classes]. */
  readonly moments: { readonly probabilities: Tensor; readonly mean: Tensor } | null;
}

function pool(
  ops: Ops,
  config: ModelConfig,
  tokens: Tensor,
  { batch, tokensPerClip, timePatches }: HeadShape,
): Tensor {
  const width = config.embed_dim;
  const perClip = ops.reshape(tokens, batch, tokensPerClip, width);
  switch (config.pooling) {
    case 'mean':
    case 'logit':
      return ops.mean(perClip, [1]);
    case 'token':
      return ops.reshape(ops.slice(perClip, [0, 0, 0], [batch, 1, width]), batch, width);
    case 'dm':
      return ops.mean(
        ops.reshape(tokens, batch * timePatches, tokensPerClip / timePatches, width),
        [1],
      );
  }
}

/** Gradient of the tokens [batch · tokens, width] from the gradient of the pooled vector. */
function poolBackward(
  ops: Ops,
  config: ModelConfig,
  gradient: Tensor,
  { batch, tokensPerClip, timePatches }: HeadShape,
): Tensor {
  const width = config.embed_dim;
  const spread = (rows: number, copies: number): Tensor => {
    const share = ops.reshape(ops.scale(gradient, 1 / copies), rows, 1, width);
    return ops.reshape(
      ops.add(share, ops.constant(new Float32Array(copies), [1, copies, 1])),
      batch * tokensPerClip,
      width,
    );
  };
  switch (config.pooling) {
    case 'mean':
    case 'logit':
      return spread(batch, tokensPerClip);
    case 'token': {
      const first = ops.padZeros(ops.reshape(gradient, batch, 1, width), [
        [0, 0],
        [0, tokensPerClip - 1],
        [0, 0],
      ]);
      return ops.reshape(first, batch * tokensPerClip, width);
    }
    case 'dm':
      return spread(batch * timePatches, tokensPerClip / timePatches);
  }
}

export function head(
  ops: Ops,
  config: ModelConfig,
  tokens: Normalised,
  shape: HeadShape,
  parameter: ParameterSource,
): Head {
  const pooled = pool(ops, config, ops.wide(tokens.values), shape);
  const encoded = ops.add(
    ops.multiply(pooled, parameter('encoder.norm.weight')),
    parameter('encoder.norm.bias'),
  );
  const normalised = normaliseRows(ops, encoded, OUTPUT_NORM_EPSILON);
  const linear = foldedLinear(
    ops,
    normalised.values,
    linearAfterNorm(parameter, 'outputlayer.0', 'outputlayer.1'),
    1,
  );
  const output = ops.add(ops.wide(linear.product), linear.bias);
  if (config.pooling !== 'dm') return { logits: output, pooled, normalised, linear, moments: null };
  const probabilities = ops.reshape(
    ops.sigmoid(output),
    shape.batch,
    shape.timePatches,
    config.outputdim,
  );
  const mean = ops.minimum(
    ops.maximum(ops.mean(probabilities, [1]), ops.scalar(CERTAINTY)),
    ops.scalar(1 - CERTAINTY),
  );
  const logits = ops.subtract(ops.log(mean), ops.log1p(ops.negate(mean)));
  return { logits, pooled, normalised, linear, moments: { probabilities, mean } };
}

/**
 * What the head classifies, [batch, width]: the pooled tokens behind the encoder's norm. For `dm`
 * their mean over time.
 */
export function embeddingOf(
  ops: Ops,
  config: ModelConfig,
  { pooled }: Head,
  { batch, timePatches }: HeadShape,
  parameter: ParameterSource,
): Tensor {
  const perClip =
    config.pooling === 'dm'
      ? ops.mean(ops.reshape(pooled, batch, timePatches, config.embed_dim), [1])
      : pooled;
  return ops.add(
    ops.multiply(perClip, parameter('encoder.norm.weight')),
    parameter('encoder.norm.bias'),
  );
}

/** Gradient of the normalised tokens, each row less its mean. */
export function headBackward(
  ops: Ops,
  config: ModelConfig,
  logitsGradient: Tensor,
  saved: Head,
  shape: HeadShape,
  parameter: ParameterSource,
  gradients: Gradients,
): Tensor {
  const linear = foldedLinearBackward(
    ops,
    saved.moments === null ? logitsGradient : momentsBackward(ops, logitsGradient, saved.moments),
    saved.linear,
  );
  gradients.addLinearAfterNorm('outputlayer.0', 'outputlayer.1', linear, 1);
  const encodedGradient = normaliseRowsBackward(ops, linear.centredInput, saved.normalised);
  gradients.add('encoder.norm.weight', ops.columnSums(ops.multiply(encodedGradient, saved.pooled)));
  gradients.add('encoder.norm.bias', ops.columnSums(encodedGradient));

  const pooledGradient = ops.multiply(encodedGradient, parameter('encoder.norm.weight'));
  const centred = ops.subtract(pooledGradient, ops.mean(pooledGradient, [-1], true));
  return poolBackward(ops, config, centred, shape);
}

/**
 * Through the log-odds, the mean over time and the sigmoid: [batch, classes] to [batch · time,
 * classes].
 */
function momentsBackward(
  ops: Ops,
  logitsGradient: Tensor,
  { probabilities, mean }: NonNullable<Head['moments']>,
): Tensor {
  const [batch, time, classes] = probabilities.shape as [number, number, number];
  const one = ops.scalar(1);
  const meanGradient = ops.divide(logitsGradient, ops.multiply(mean, ops.subtract(one, mean)));
  const share = ops.reshape(ops.scale(meanGradient, 1 / time), batch, 1, classes);
  const slopes = ops.multiply(probabilities, ops.subtract(one, probabilities));
  return ops.reshape(ops.multiply(slopes, share), batch * time, classes);
}
