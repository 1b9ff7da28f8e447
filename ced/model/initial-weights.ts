/**
 * Fresh weights as a pure function of a seed: every number is a hash of (seed, tensor name, index),
 * so neither order nor shape of other tensors matters. Linear layers are drawn from a normal of
 * deviation 0.02 at width 768, as published, and wider in narrower models (∝ 1/√width), which
 * otherwise start too flat to learn in the few steps they get. The output bias starts at −3, the
 * log-odds of a rare class.
 */
import { createHash } from 'node:crypto';
import { elementCount } from '../engine/tensor';
import type { ModelConfig } from './config';
import { parameterSpecs } from './parameters';
import type { Weights } from './weights';

const PUBLISHED_DEVIATION = 0.02;
const PUBLISHED_WIDTH = 768;
const OUTPUT_BIAS = -3;
// Bound once: in a sandboxed realm, as under Jest, each look-up of a global is slow.
const { imul, sqrt, log, cos, PI } = Math;

/** 32 well-mixed bits of (key, counter): murmur3's finalizer over both. */
function mixedBits(key: number, counter: number): number {
  let bits = (key ^ imul(counter + 1, 0x9e3779b1)) >>> 0;
  for (let round = 0; round < 2; round++) {
    bits = imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    bits = (bits ^ (bits >>> 16) ^ imul(key, 0x27d4eb2f)) >>> 0;
  }
  return bits;
}

/** In (0, 1). */
const uniform = (key: number, counter: number): number => (mixedBits(key, counter) + 0.5) / 2 ** 32;

function normal(key: number, counter: number): number {
  return sqrt(-2 * log(uniform(key, 2 * counter))) * cos(2 * PI * uniform(key, 2 * counter + 1));
}

export function initialWeights(config: ModelConfig, seed: number): Weights {
  const deviation = PUBLISHED_DEVIATION * sqrt(Math.max(1, PUBLISHED_WIDTH / config.embed_dim));
  const patchBound = 1 / config.patch_size; // PyTorch's default for a convolution: 1/√(inputs)
  const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const { name, shape } of parameterSpecs(config)) {
    const key = createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE(0);
    const draw = initialValues(name, key, deviation, patchBound);
    const data = new Float32Array(elementCount(shape));
    for (let index = 0; index < data.length; index++) data[index] = draw(index);
    weights.set(name, { shape, data });
  }
  return weights;
}

function initialValues(
  name: string,
  key: number,
  deviation: number,
  patchBound: number,
): (index: number) => number {
  if (name.startsWith('encoder.patch_embed.'))
    return (index) => (2 * uniform(key, index) - 1) * patchBound;
  if (name.endsWith('_pos_embed')) return (index) => normal(key, index) * PUBLISHED_DEVIATION;
  if (name === 'encoder.cls_token') return (index) => normal(key, index) * 1e-6;
  if (name === 'outputlayer.1.bias') return () => OUTPUT_BIAS;
  if (/(norm\d?|init_bn|outputlayer\.0)\.weight$/.test(name) || name.endsWith('running_var'))
    return () => 1;
  if (name.endsWith('.weight')) return (index) => normal(key, index) * deviation;
  return () => 0; // biases, running means
}
