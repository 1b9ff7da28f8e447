import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema } from '../../../ced/model/config';
import { FrontEnd } from '../../../ced/model/front-end';
import { initialWeights } from '../../../ced/model/initial-weights';
import { Predictor } from '../../../ced/model/predictor';

const engine = openEngine();
const config = modelConfigSchema.parse({
  embed_dim: 32,
  depth: 1,
  num_heads: 2,
  outputdim: 5,
  target_length: 112,
});
const samples = 16_000;
const pcm = Int16Array.from({ length: 2 * samples }, (_, i) => ((i * 7919) % 18_001) - 9000);
const batch = { pcm, batch: 2, samples, masks: Int32Array.of(3, 9, 1, 4, 0, 0, 0, 0) };

it('transforms a batch once for all models that use it', () => {
  const frontEnd = FrontEnd.of(engine);
  const spectrogram = frontEnd.logMel(batch, 64);
  expect(frontEnd.logMel(batch, 64)).toBe(spectrogram);
  expect(frontEnd.logMel({ ...batch }, 64)).not.toBe(spectrogram);
  frontEnd.forget();
});

it('transforms a batch again for another number of mels', () => {
  const frontEnd = FrontEnd.of(engine);
  expect(frontEnd.logMel(batch, 64).shape).toEqual([2, 101, 64]);
  expect(frontEnd.logMel(batch, 32).shape).toEqual([2, 101, 32]);
  frontEnd.forget();
});

it('gives each model of an ensemble the scores it gives alone, and leaves nothing behind', () => {
  const before = engine.tensorCount;
  const models = [1, 2].map(
    (seed) => new Predictor(engine, config, initialWeights(config, seed), { precision: 'float32' }),
  );
  const together = models.map((model) => [...model.logits(batch)]);
  const alone = models.map((model) => [...model.logits({ ...batch })]);
  expect(together).toEqual(alone);
  expect(together[0]).not.toEqual(together[1]);
  for (const model of models) model.dispose();
  expect(engine.tensorCount).toBe(before);
});
