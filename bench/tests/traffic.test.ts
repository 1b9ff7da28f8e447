import { MODEL_PRESETS, modelConfigSchema } from '../../ced/model/config';
import { stepTraffic } from '../traffic';

describe('a step on a GPU, by its traced function', () => {
  it('of tiny in bfloat16 starts at most 1,000 kernels, which move at most 25 GB', () => {
    const step = stepTraffic(MODEL_PRESETS.tiny, 128, 160_000, 'bfloat16', true);
    expect(step.kernels).toBeLessThanOrEqual(1000);
    expect(step.elementBytes).toBeLessThanOrEqual(25e9);
  });

  it('has as many kernels whatever the batch, and bytes that grow with it', () => {
    const config = modelConfigSchema.parse({ embed_dim: 64, depth: 2, num_heads: 2, outputdim: 5 });
    const [small, large] = [16, 64].map((batch) =>
      stepTraffic(config, batch, 32_000, 'float32', false),
    );
    expect(large!.kernels).toBe(small!.kernels);
    expect(large!.elementBytes / small!.elementBytes).toBeGreaterThan(3.5);
  });
});
