import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { parameterSpecs } from '../../../ced/model/parameters';
import { backpropagate } from '../../../ced/training/backpropagation';

const engine = openEngine();
const [batch, frames] = [3, 50];
const spectrogram = Float32Array.from(
  { length: batch * frames * 64 },
  (_, i) => 10 * Math.sin(i * 0.7 + Math.sin(i)) - 5,
);

/** Loss, and the slope of the loss along its own gradient of one parameter. */
function lossAndGradient(
  config: ReturnType<typeof modelConfigSchema.parse>,
  weights: Map<string, { shape: readonly number[]; data: Float32Array }>,
  name: string,
) {
  return engine.eager((ops) => {
    const tensors = new Map(
      [...weights].map(([key, { shape, data }]) => [key, ops.constant(data, shape)]),
    );
    const targets = ops.constant(
      Float32Array.from({ length: batch * 4 }, (_, i) => (i % 3) / 2),
      [batch, 4],
    );
    const { loss, gradients } = backpropagate(
      ops,
      config,
      [{ spectrogram: ops.constant(spectrogram, [batch, frames, 64]), targets, lambda: null }],
      (key) => tensors.get(key) as never,
    );
    return {
      loss: engine.read(loss)[0] as number,
      gradient: engine.read(gradients.get(name)).slice(),
    };
  });
}

describe.each(['mean', 'token', 'dm'] as const)('pooling by %s', (pooling) => {
  const config = modelConfigSchema.parse({
    embed_dim: 16,
    depth: 1,
    num_heads: 2,
    outputdim: 4,
    target_length: 64,
    pooling,
  });
  const weights = new Map(initialWeights(config, 5));
  // A fresh class token is all but zero, and a layer norm of nearly nothing is too curved for
  // differences.
  for (const name of ['encoder.cls_token', 'encoder.token_pos_embed']) {
    const fresh = weights.get(name);
    if (fresh !== undefined)
      weights.set(name, {
        shape: fresh.shape,
        data: fresh.data.map((_, i) => Math.sin(i + name.length)),
      });
  }
  const names = parameterSpecs(config)
    .filter(({ trained }) => trained)
    .map(({ name }) => name);

  it.each(names)('has the gradient of %s that differences of the loss show', (name) => {
    const { gradient } = lossAndGradient(config, weights, name);
    const norm = Math.sqrt(gradient.reduce((sum, x) => sum + x * x, 0));
    const length = 0.01;
    const moved = (sign: number): number => {
      const { shape, data } = weights.get(name) as { shape: readonly number[]; data: Float32Array };
      const shifted = data.map(
        (value, i) => value + (sign * length * (gradient[i] as number)) / norm,
      );
      return lossAndGradient(config, new Map(weights).set(name, { shape, data: shifted }), name)
        .loss;
    };
    const slope = (moved(1) - moved(-1)) / (2 * length);
    expect(Math.abs(slope - norm)).toBeLessThan(0.02 * norm + 2e-5);
  });
});
