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
  ])('refuses %j', (change, message) => {
    expect(() => modelConfigSchema.parse({ ...small, ...change })).toThrow(message);
  });
});
