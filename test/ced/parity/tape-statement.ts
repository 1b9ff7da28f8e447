/**
 * CED once more, as plainly as the paper puts it, on the operations of tfjs and its CPU backend: no
 * kernel, no folding and no backward of ours. The gradients are those of tfjs's tape.
 * https://js.tensorflow.org/api/latest/#grads
 */
import * as tf from '@tensorflow/tfjs';
import type { ModelConfig } from '../../../ced/model/config';
import { parameterSpecs } from '../../../ced/model/parameters';
import type { Weights } from '../../../ced/model/weights';
import type { LossAndGradients, MixupBatch } from './loss-and-gradients';

type Parameter = (name: string) => tf.Tensor;

export async function tapeGradients(
  config: ModelConfig,
  weights: Weights,
  batch: MixupBatch,
): Promise<LossAndGradients> {
  tf.enableProdMode(); // says nothing of faster backends
  await tf.setBackend('cpu');
  const names = parameterSpecs(config)
    .filter(({ trained }) => trained)
    .map(({ name }) => name);
  const tensorOf = ({ data, shape }: { data: Float32Array; shape: readonly number[] }): tf.Tensor =>
    tf.tensor(data, [...shape], 'float32');
  const [x, y, lambda] = [batch.spectrogram, batch.targets, batch.lambda].map(tensorOf) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const loss = (...values: tf.Tensor[]): tf.Scalar => {
    const parameter: Parameter = (name) => values[names.indexOf(name)] as tf.Tensor;
    return crossEntropy(logits(config, mixup(x, lambda), parameter), mixup(y, lambda));
  };
  const { value, grads } = tf.valueAndGrads(loss)(
    names.map((name) => tensorOf(weights.get(name)!)),
  );
  const gradients = new Map(
    names.map((name, index) => [name, grads[index]!.dataSync() as Float32Array]),
  );
  return { loss: value.dataSync()[0]!, gradients };
}

function mixup(x: tf.Tensor, lambda: tf.Tensor): tf.Tensor {
  const weight = tf.reshape(lambda, [x.shape[0], ...x.shape.slice(1).map(() => 1)]);
  return tf.add(tf.mul(tf.reverse(x, 0), weight), tf.mul(x, tf.sub(1, weight)));
}

/** The textbook's, on probabilities: good enough where no probability is 0 or 1. */
function crossEntropy(logitsOfBatch: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  const p = tf.sigmoid(logitsOfBatch);
  const likelihood = tf.add(
    tf.mul(targets, tf.log(p)),
    tf.mul(tf.sub(1, targets), tf.log(tf.sub(1, p))),
  );
  return tf.neg(tf.mean(likelihood));
}

/** `spectrogram` [batch, mels, frames] in training mode */
function logits(config: ModelConfig, spectrogram: tf.Tensor, parameter: Parameter): tf.Tensor {
  const { embed_dim: width, patch_size: patch, n_mels: mels } = config;
  const [batch, , frames] = spectrogram.shape as [number, number, number];
  const { mean, variance } = tf.moments(spectrogram, [0, 2], true);
  const perMel = (name: string): tf.Tensor =>
    tf.reshape(parameter(`encoder.init_bn.${name}`), [1, mels, 1]);
  const normalised = tf.add(
    tf.mul(tf.mul(tf.sub(spectrogram, mean), tf.rsqrt(tf.add(variance, 1e-5))), perMel('weight')),
    perMel('bias'),
  );

  const [rows, columns] = [mels / patch, Math.floor(frames / patch)];
  const kernel = tf.transpose(
    parameter('encoder.patch_embed.proj.weight'),
    [2, 3, 1, 0],
  ) as tf.Tensor4D;
  const image: tf.Tensor4D = tf.reshape(normalised, [batch, mels, frames, 1]);
  const embedded = tf.add(
    tf.conv2d(image, kernel, patch, 'valid'),
    parameter('encoder.patch_embed.proj.bias'),
  );
  const time = tf.slice(parameter('encoder.time_pos_embed'), [0, 0, 0, 0], [1, width, 1, columns]);
  const position = tf.transpose(tf.add(time, parameter('encoder.freq_pos_embed')), [0, 2, 3, 1]);
  let x: tf.Tensor = tf.reshape(tf.add(embedded, position), [batch, rows * columns, width]);
  if (config.pooling === 'token') {
    const token = tf.add(
      parameter('encoder.cls_token'),
      tf.reshape(parameter('encoder.token_pos_embed'), [1, 1, width]),
    );
    x = tf.concat([tf.tile(token, [batch, 1, 1]), x], 1);
  }
  for (let block = 0; block < config.depth; block++)
    x = transformerBlock(config, x, `encoder.blocks.${block}`, parameter);
  return pooled(config, layerNorm(x, 'encoder.norm', 1e-6, parameter), rows, parameter);
}

function transformerBlock(
  { embed_dim: width, num_heads: heads }: ModelConfig,
  x: tf.Tensor,
  block: string,
  parameter: Parameter,
): tf.Tensor {
  const [batch, tokens] = x.shape as [number, number];
  const qkv = linear(
    layerNorm(x, `${block}.norm1`, 1e-6, parameter),
    `${block}.attn.qkv`,
    parameter,
  );
  const [q, k, v] = tf.unstack(
    tf.transpose(tf.reshape(qkv, [batch, tokens, 3, heads, width / heads]), [2, 0, 3, 1, 4]),
  ) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const scores = tf.mul(tf.matMul(q, k, false, true), (width / heads) ** -0.5);
  const attended = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]), [
    batch,
    tokens,
    width,
  ]);
  const afterAttention = tf.add(x, linear(attended, `${block}.attn.proj`, parameter));
  const hidden = linear(
    layerNorm(afterAttention, `${block}.norm2`, 1e-6, parameter),
    `${block}.mlp.fc1`,
    parameter,
  );
  const gelu = tf.mul(tf.mul(hidden, 0.5), tf.add(1, tf.erf(tf.mul(hidden, Math.SQRT1_2))));
  return tf.add(afterAttention, linear(gelu, `${block}.mlp.fc2`, parameter));
}

/**
 * `x` [batch, tokens, width], patches ordered by frequency and then time as in the published code
 */
function pooled(
  { pooling, embed_dim: width }: ModelConfig,
  x: tf.Tensor,
  rows: number,
  parameter: Parameter,
): tf.Tensor {
  const [batch, tokens] = x.shape as [number, number];
  const classify = (pool: tf.Tensor): tf.Tensor =>
    linear(layerNorm(pool, 'outputlayer.0', 1e-5, parameter), 'outputlayer.1', parameter);
  switch (pooling) {
    case 'mean':
    case 'logit':
      return classify(tf.mean(x, 1));
    case 'token':
      return classify(tf.reshape(tf.slice(x, [0, 0, 0], [batch, 1, width]), [batch, width]));
    case 'dm': {
      const moments = tf.mean(tf.reshape(x, [batch, rows, tokens / rows, width]), 1);
      const p = tf.mean(tf.sigmoid(classify(moments)), 1);
      return tf.sub(tf.log(p), tf.log(tf.sub(1, p)));
    }
  }
}

function layerNorm(x: tf.Tensor, name: string, epsilon: number, parameter: Parameter): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const normalised = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(normalised, parameter(`${name}.weight`)), parameter(`${name}.bias`));
}

function linear(x: tf.Tensor, name: string, parameter: Parameter): tf.Tensor {
  const inputs = x.shape.at(-1)!;
  const product = tf.matMul(tf.reshape(x, [-1, inputs]), parameter(`${name}.weight`), false, true);
  return tf.reshape(tf.add(product, parameter(`${name}.bias`)), [
    ...x.shape.slice(0, -1),
    product.shape[1]!,
  ]);
}
