import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema, type ModelConfig } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { parameterSpecs } from '../../../ced/model/parameters';
import { encodeSafetensors } from '../../../ced/model/safetensors';
import { LossNotFinite, Trainer, type TrainerState } from '../../../ced/training/trainer';
import type { TrainingBatch } from '../../../ced/training/training-batch';

const engine = openEngine();
const config = modelConfigSchema.parse({
  embed_dim: 32,
  depth: 2,
  num_heads: 2,
  outputdim: 5,
  target_length: 64,
});
const samples = 8000;

function batchNumber(index: number, batch = 4): TrainingBatch {
  const clip = (row: number): number => (index * 7 + row) % 5;
  return {
    batch,
    samples,
    pcm: Int16Array.from(
      { length: batch * samples },
      (_, i) =>
        6000 * Math.sin(i * 0.03 * (1 + clip(Math.floor(i / samples)))) +
        (((i * 7919) % 601) - 300),
    ),
    masks: Int32Array.from({ length: batch * 4 }, (_, i) => [3 + index, 9, 20, 4][i % 4] as number),
    targets: Float32Array.from({ length: batch * 5 }, (_, i) =>
      clip(Math.floor(i / 5)) === i % 5 ? 0.9 : 0.02,
    ),
    lambda: Float32Array.from({ length: batch }, (_, i) => (i + index) / 20),
  };
}

function steps(trainer: Trainer, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => trainer.step(batchNumber(from + i), 1e-3));
}

/** Compared as bytes: Jest's own comparison of long arrays takes seconds. */
function stateBytes({ weights, adamM, adamV, step }: TrainerState): string {
  return (
    [weights, adamM, adamV]
      .map((tensors) => Buffer.from(encodeSafetensors(tensors)).toString('base64'))
      .join() + step
  );
}

function trainedFrom(
  initial: TrainerState | ReturnType<typeof initialWeights>,
  from: number,
  to: number,
  model: ModelConfig = config,
) {
  const trainer = new Trainer(engine, model, initial, { precision: 'float32' });
  const losses = steps(trainer, from, to);
  const state = trainer.snapshot();
  trainer.dispose();
  return { losses, state: stateBytes(state), snapshot: state };
}

describe('the trainer', () => {
  it('takes fifty steps twice with the same bits', () => {
    const first = trainedFrom(initialWeights(config, 1), 0, 50);
    const second = trainedFrom(initialWeights(config, 1), 0, 50);
    expect(second.losses).toEqual(first.losses);
    expect(second.state === first.state).toBe(true);
    expect(first.losses[49]).toBeLessThan((first.losses[0] as number) * 0.8);
  });

  it('continues a snapshot bit for bit', () => {
    const whole = trainedFrom(initialWeights(config, 2), 0, 12);
    const half = trainedFrom(initialWeights(config, 2), 0, 5);
    const rest = trainedFrom(half.snapshot, 5, 12);
    expect(rest.state === whole.state).toBe(true);
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
  });

  it('copies the weights without the moments of Adam', () => {
    const trainer = new Trainer(engine, config, initialWeights(config, 2), {
      precision: 'float32',
    });
    steps(trainer, 0, 2);
    const read = jest.spyOn(engine, 'readVariable');
    const weights = trainer.weights();
    expect(read).toHaveBeenCalledTimes(parameterSpecs(config).length);
    read.mockRestore();
    const whole = trainer.snapshot().weights;
    expect(Buffer.compare(encodeSafetensors(weights), encodeSafetensors(whole))).toBe(0);
    trainer.dispose();
  });

  it('leaves the arrays it was given alone', () => {
    const initial = initialWeights(config, 3);
    trainedFrom(initial, 0, 3);
    expect(
      Buffer.compare(encodeSafetensors(initial), encodeSafetensors(initialWeights(config, 3))),
    ).toBe(0);
  });

  it('keeps no tensor from one step to the next and none after it is disposed of', () => {
    const before = engine.tensorCount;
    const trainer = new Trainer(engine, config, initialWeights(config, 1), {
      precision: 'float32',
    });
    steps(trainer, 0, 2);
    const during = engine.tensorCount;
    steps(trainer, 2, 12);
    trainer.snapshot();
    expect(engine.tensorCount).toBe(during);
    trainer.dispose();
    expect(engine.tensorCount).toBe(before);
  });

  it('takes batches of several shapes, with and without masks and mixup', () => {
    const trainer = new Trainer(engine, config, initialWeights(config, 1), {
      precision: 'float32',
    });
    for (const batch of [
      batchNumber(0, 3),
      { ...batchNumber(0), masks: null },
      { ...batchNumber(0), lambda: null },
    ]) {
      expect(trainer.step(batch, 1e-3)).toBeGreaterThan(0);
    }
    expect(trainer.steps).toBe(3);
    trainer.dispose();
  });

  it('says so when the loss leaves the numbers', () => {
    const trainer = new Trainer(engine, config, initialWeights(config, 1), {
      precision: 'float32',
    });
    expect(() => {
      for (let index = 0; index < 20; index++) trainer.step(batchNumber(index), 1e30);
    }).toThrow(LossNotFinite);
    expect(() => trainer.snapshot()).toThrow(LossNotFinite);
    expect(() => trainer.weights()).toThrow(LossNotFinite);
    trainer.dispose();
  });

  it("clips gradients: a huge norm changes nothing, a tiny one only Adam's epsilon", () => {
    const weights = initialWeights(config, 1);
    const run = (options: { clipNorm?: number; weightDecay?: number }) => {
      const trainer = new Trainer(engine, config, weights, { precision: 'float32', ...options });
      const losses = steps(trainer, 0, 4);
      trainer.dispose();
      return losses;
    };
    expect(run({ clipNorm: 1e9 })).toEqual(run({}));
    expect(run({ clipNorm: 1e-9 })[3]).toBeGreaterThan(run({})[3] as number);
    expect(run({ weightDecay: 0.1 })).not.toEqual(run({}));
  });

  it('refuses targets of another size and clips beyond the target length', () => {
    const trainer = new Trainer(engine, config, initialWeights(config, 1), {
      precision: 'float32',
    });
    expect(() => trainer.step({ ...batchNumber(0), targets: new Float32Array(3) }, 1e-3)).toThrow(
      RangeError,
    );
    expect(() =>
      trainer.step(
        { ...batchNumber(0), pcm: new Int16Array(4 * 16000), samples: 16000, masks: null },
        1e-3,
      ),
    ).toThrow(/target_length/);
    trainer.dispose();
  });
});
