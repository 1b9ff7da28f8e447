import { MODEL_PRESETS, modelConfigSchema } from '../../../ced/model/config';
import { parameterCount } from '../../../ced/model/parameters';

describe('model presets', () => {
  it.each([
    ['tiny', 5.5, 5_503_183],
    ['mini', 9.6, 9_696_655],
    ['small', 22, 21_622_543],
    ['base', 86, 85_711_759],
  ] as const)(
    '%s has the %d million parameters of the paper, which the published class counts as %d',
    (preset, millions, exactly) => {
      expect(parameterCount(MODEL_PRESETS[preset])).toBe(exactly);
      expect(Math.abs(exactly / 1e6 / millions - 1)).toBeLessThan(0.02);
    },
  );
});

describe('the model config', () => {
  const small = { embed_dim: 48, depth: 2, num_heads: 3, outputdim: 10 };

  it('reads a published config.json with fields it does not know', () => {
    const config = modelConfigSchema.parse({
      ...small,
      model_type: 'ced',
      transformers_version: '4.37.0',
      f_max: 8000,
      pad_last: true,
    });
    expect(config).toMatchObject({
      n_mels: 64,
      patch_size: 16,
      target_length: 1012,
      pooling: 'mean',
      mlp_ratio: 4,
    });
  });

  it.each([
    [{ num_heads: 5 }, /num_heads.*divide/s],
    [{ patch_stride: 10 }, /patch_stride.*overlapping/s],
    [{ n_mels: 50 }, /n_mels.*multiple/s],
    [{ target_length: 15 }, /target_length.*patch/s],
    [{ hop_size: 320 }, /hop_size/],
    [{ pooling: 'max' }, /pooling/],
    [{ depth: 1e9 }, /depth/],
    [{ embed_dim: 2 ** 40, num_heads: 2 ** 20 }, /embed_dim/],
    [{ mlp_ratio: 1e6 }, /mlp_ratio/],
    [{ outputdim: 1e9 }, /outputdim/],
    [{ n_mels: 2 ** 20 }, /n_mels/],
    [{ target_length: 1e12 }, /target_length/],
    [{ embed_dim: 4096, num_heads: 64, depth: 128 }, /depth.*parameters, more than/s],
    [
      { patch_size: 1024, patch_stride: 1024, n_mels: 1024, target_length: 1024, embed_dim: 1200 },
      /parameters/,
    ],
    [{ id2label: { 0: 'a'.repeat(513) } }, /id2label/],
  ])('refuses %j', (change, message) => {
    expect(() => modelConfigSchema.parse({ ...small, ...change })).toThrow(message);
  });
});
