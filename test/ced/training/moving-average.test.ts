import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { encodeSafetensors } from '../../../ced/model/safetensors';
import type { Weights } from '../../../ced/model/weights';
import { decayAt } from '../../../ced/training/moving-average';
import { Trainer, type TrainerState } from '../../../ced/training/trainer';
import type { TrainerOptions } from '../../../ced/training/trainer-options';
import type { TrainingBatch } from '../../../ced/training/training-batch';

const engine = openEngine();
const config = modelConfigSchema.parse({
  embed_dim: 16,
  depth: 1,
  num_heads: 2,
  outputdim: 3,
  target_length: 48,
});
const DECAY = 0.6;
const options = { precision: 'float32', averaging: 'ema', emaDecay: DECAY } as const;
const samples = 4000;

function batchNumber(index: number): TrainingBatch {
  const batch = 4;
  return {
    ...{ batch, samples },
    pcm: Int16Array.from({ length: batch * samples }, (_, i) => 5000 * Math.sin(i * i * 1e-4)),
    masks: new Int32Array(batch * 4),
    targets: Float32Array.from({ length: batch * 3 }, (_, i) => ((i + index) % 3 === 0 ? 0.9 : 0)),
    lambda: null,
  };
}

function trainer(from: Weights | TrainerState, other: TrainerOptions = options): Trainer {
  return new Trainer(engine, config, from, other);
}

const bytes = (weights: Weights | undefined): Buffer =>
  Buffer.from(encodeSafetensors(weights ?? new Map()));

describe('the moving average of the weights', () => {
  const initial = initialWeights(config, 7);

  it.each([1, 2])('is that of a plain computation, in %i parts', (parts) => {
    const training = trainer(initial, { ...options, parts });
    const expected = new Map(
      [...initial].map(([name, { data }]) => [name, Float64Array.from(data)]),
    );
    for (let step = 1; step <= 12; step++) {
      training.step(batchNumber(step), 1e-2);
      const decay = Math.min(DECAY, (1 + step) / (10 + step));
      for (const [name, { data }] of training.weights()) {
        const average = expected.get(name)!;
        data.forEach((value, i) => (average[i] = decay * average[i]! + (1 - decay) * value));
      }
    }
    const { averages } = training.snapshot();
    expect(bytes(training.weightsToKeep()).equals(bytes(averages))).toBe(true);
    training.dispose();
    let furthest = 0;
    for (const [name, average] of expected)
      average.forEach((value, i) => {
        const error = Math.abs(averages!.get(name)!.data[i]! - value);
        furthest = Math.max(furthest, error / Math.max(1, Math.abs(value)));
      });
    expect(furthest).toBeGreaterThan(0);
    expect(furthest).toBeLessThan(2e-6);
  });

  it('changes no step of the training', () => {
    const [plain, averaging] = [trainer(initial, { precision: 'float32' }), trainer(initial)];
    for (let step = 0; step < 4; step++)
      expect(averaging.step(batchNumber(step), 1e-2)).toBe(plain.step(batchNumber(step), 1e-2));
    expect(bytes(averaging.weights()).equals(bytes(plain.weights()))).toBe(true);
    expect(bytes(averaging.weightsToKeep()).equals(bytes(plain.weightsToKeep()))).toBe(false);
    expect(plain.snapshot()).not.toHaveProperty('averages');
    for (const each of [plain, averaging]) each.dispose();
  });

  it('goes on from a snapshot bit for bit', async () => {
    const [whole, first] = [trainer(initial), trainer(initial)];
    for (let step = 0; step < 6; step++) {
      await whole.stepLater(batchNumber(step), 1e-2);
      if (step < 3) first.step(batchNumber(step), 1e-2);
    }
    const second = trainer(first.snapshot());
    for (let step = 3; step < 6; step++) second.step(batchNumber(step), 1e-2);
    expect(bytes(second.weightsToKeep()).equals(bytes(whole.weightsToKeep()))).toBe(true);
    for (const each of [whole, first, second]) each.dispose();
  });

  it('forgets the first weights faster while few steps are taken', () => {
    expect(decayAt(1, 0.999)).toBeCloseTo(2 / 11, 12);
    expect(decayAt(90, 0.999)).toBeCloseTo(91 / 100, 12);
    expect(decayAt(1_000_000, 0.999)).toBe(0.999);
  });
});
