import { modelConfigSchema } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { encodeSafetensors } from '../../../ced/model/safetensors';
import {
  type WeightsInvalid,
  loadWeights,
  type WeightTensor,
  type Weights,
} from '../../../ced/model/weights';

const config = modelConfigSchema.parse({
  embed_dim: 32,
  depth: 1,
  num_heads: 2,
  outputdim: 5,
  target_length: 64,
});
/** Compared as bytes: Jest's own comparison of long arrays takes seconds. */
const bytes = (weights: Weights): string =>
  Buffer.from(encodeSafetensors(weights)).toString('base64');
const deviation = (data: Float32Array): number =>
  Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);

describe('initial weights', () => {
  const weights = initialWeights(config, 7);

  it('are a pure function of the seed', () => {
    expect(bytes(initialWeights(config, 7)) === bytes(weights)).toBe(true);
    expect(bytes(initialWeights(config, 8)) === bytes(weights)).toBe(false);
  });

  it('do not depend on the rest of the model', () => {
    const deeper = initialWeights({ ...config, depth: 3, outputdim: 9 }, 7);
    expect(deeper.get('encoder.blocks.0.attn.qkv.weight')).toEqual(
      weights.get('encoder.blocks.0.attn.qkv.weight'),
    );
  });

  it('start a class at the log-odds of a rare one', () => {
    expect([...(weights.get('outputlayer.1.bias')?.data ?? [])]).toEqual([-3, -3, -3, -3, -3]);
  });

  it('are wider in narrow models', () => {
    const width = (embed_dim: number): number =>
      deviation(
        initialWeights({ ...config, embed_dim }, 1).get('encoder.blocks.0.mlp.fc1.weight')?.data ??
          new Float32Array(),
      );
    expect(width(768)).toBeCloseTo(0.02, 3);
    expect(width(192)).toBeCloseTo(0.04, 3);
  });
});

describe('loading weights', () => {
  const weights = initialWeights(config, 7);
  const renamed = (rename: (name: string) => string): Map<string, WeightTensor> =>
    new Map([...weights].map(([name, tensor]) => [rename(name), tensor]));

  it('accepts published names, names without prefix and those of the original code', () => {
    const original = renamed((name) =>
      name.replace('encoder.', '').replace('init_bn.', 'init_bn.1.'),
    );
    original.set('init_bn.1.num_batches_tracked', { shape: [], data: Float32Array.of(9) });
    original.set('front_end.0.spectrogram.window', { shape: [512], data: new Float32Array(512) });
    for (const tensors of [
      renamed((name) => name),
      renamed((name) => name.replace('encoder.', '')),
      original,
    ]) {
      expect(bytes(loadWeights(config, tensors)) === bytes(weights)).toBe(true);
    }
  });

  it('lists every problem in one error', () => {
    const tensors = new Map<string, WeightTensor>(weights);
    tensors.delete('encoder.norm.bias');
    tensors.set('encoder.blocks.7.norm1.bias', { shape: [32], data: new Float32Array(32) });
    tensors.set('outputlayer.1.bias', { shape: [6], data: new Float32Array(6) });
    let problems: readonly string[] = [];
    try {
      loadWeights(config, tensors);
    } catch (error) {
      problems = (error as WeightsInvalid).problems;
    }
    expect(problems).toEqual([
      'outputlayer.1.bias has shape [6], should have [5]',
      'encoder.blocks.7.norm1.bias is unknown',
      'encoder.norm.bias is missing',
    ]);
  });

  it('cuts or interpolates positions of another length', () => {
    const positions = Float32Array.from({ length: 32 * 8 }, (_, i) => i % 8);
    const longer = new Map<string, WeightTensor>(weights).set('encoder.time_pos_embed', {
      shape: [1, 32, 1, 8],
      data: positions,
    });
    expect(
      [...(loadWeights(config, longer).get('encoder.time_pos_embed')?.data ?? [])].slice(0, 4),
    ).toEqual([0, 1, 2, 3]);
    const shorter = new Map<string, WeightTensor>(weights).set('encoder.time_pos_embed', {
      shape: [1, 32, 1, 2],
      data: Float32Array.from({ length: 64 }, (_, i) => i % 2),
    });
    expect(
      [...(loadWeights(config, shorter).get('encoder.time_pos_embed')?.data ?? [])].slice(0, 4),
    ).toEqual([0, 0.25, 0.75, 1]);
  });
});
