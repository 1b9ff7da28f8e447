import { openEngine } from '../../../ced/engine/engine';
import type { Ops } from '../../../ced/engine/ops';
import type { Tensor } from '../../../ced/engine/tensor';
import { modelConfigSchema } from '../../../ced/model/config';
import { FrontEnd } from '../../../ced/model/front-end';
import { initialWeights } from '../../../ced/model/initial-weights';
import { Predictor } from '../../../ced/model/predictor';
import { Trainer } from '../../../ced/training/trainer';

const engine = openEngine();
const spec = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;
const doubled = (ops: Ops, [x]: readonly Tensor[]): Tensor[] => [ops.scale(x!, 2)];

describe('a function called on another thread', () => {
  const traced = engine.define('later', [spec(2, 2)], 'float32', doubled);
  const input = (): Tensor => engine.tensor(Float32Array.of(1, 2, 3, 4), [2, 2], 'float32');

  it('gives what it gives on this one, and its inputs may be freed at once', async () => {
    const before = engine.tensorCount;
    const x = input();
    const running = engine.callLater(traced, [x]);
    engine.free(x);
    const outputs = await running;
    expect(outputs[0]).toMatchObject(spec(2, 2));
    expect([...engine.read(outputs[0]!)]).toEqual([2, 4, 6, 8]);
    engine.free(...outputs);
    expect(engine.tensorCount).toBe(before);
  });

  it('gives the same in branches', async () => {
    const anyRows = engine.defineForAnyRows('later rows', [spec(2, 2)], [], 'float32', doubled);
    const x = input();
    const outputs = await engine.callInBranchesLater(anyRows, [x], []);
    expect([...engine.read(outputs[0]!)]).toEqual([2, 4, 6, 8]);
    engine.free(x, ...outputs);
  });

  it('refuses what it does not take, and says where TensorFlow fails', async () => {
    const x = engine.tensor(Float32Array.of(1), [1], 'float32');
    await expect(engine.callLater(traced, [x])).rejects.toThrow('should be float32[2,2]');
    engine.free(x);
    await expect(engine.callLater(traced, [{ ...x, shape: [2, 2] }])).rejects.toThrow(
      'Input Tensor ID not referenced',
    );
    const specs = [spec(2, 2), { dtype: 'int32', shape: [2] }] as const;
    const split = engine.define('later split', specs, 'float32', (ops, [rows, sizes]) =>
      ops.splitRows(rows!, sizes!).map((part) => ops.sum(part, [0])),
    );
    const three = [input(), engine.tensor(Int32Array.of(1, 2), [2], 'int32')];
    await expect(engine.callLater(split, three)).rejects.toThrow('Invalid TF_Status: 3\nMessage: ');
    engine.free(...three);
  });
});

describe('a model on another thread', () => {
  const config = modelConfigSchema.parse({
    ...{ embed_dim: 16, depth: 1, num_heads: 2, outputdim: 3, target_length: 112 },
  });
  const weights = initialWeights(config, 1);
  const samples = 16_000;
  const batch = 4;
  const pcm = Int16Array.from({ length: batch * samples }, (_, i) => ((i * 7919) % 9001) - 4500);

  it('predicts the same bits, and models asked at once leave nothing behind', async () => {
    const models = [1, 2].map(
      (seed) =>
        new Predictor(engine, config, initialWeights(config, seed), { precision: 'float32' }),
    );
    const input = { pcm, batch, samples, masks: null };
    const expected = models.map((model) => model.probabilities({ ...input }));
    FrontEnd.of(engine).forget();
    const before = engine.tensorCount;
    expect(await Promise.all(models.map((model) => model.probabilitiesLater(input)))).toEqual(
      expected,
    );
    FrontEnd.of(engine).forget();
    expect(engine.tensorCount).toBe(before);
    for (const model of models) model.dispose();
  });

  const input = {
    ...{ pcm, batch, samples, masks: new Int32Array(4 * batch), lambda: null },
    targets: Float32Array.from({ length: batch * 3 }, (_, i) => i / 12),
  };

  it('learns the same bits', async () => {
    const trainers = [1, 2].map(
      () => new Trainer(engine, config, weights, { precision: 'float32' }),
    );
    const losses: number[][] = [[], []];
    for (let step = 0; step < 3; step++) {
      losses[0]!.push(trainers[0]!.step(input, 1e-3));
      losses[1]!.push(await trainers[1]!.stepLater(input, 1e-3));
    }
    expect(losses[1]).toEqual(losses[0]);
    expect(trainers[1]!.snapshot()).toEqual(trainers[0]!.snapshot());
    for (const trainer of trainers) trainer.dispose();
  });

  it('learns the same from a batch that was copied ahead, and leaves none behind', async () => {
    const before = engine.tensorCount;
    const trainers = [1, 2].map(
      () => new Trainer(engine, config, weights, { precision: 'float32' }),
    );
    const idle = engine.tensorCount;
    const other = { ...input, pcm: pcm.map((sample) => -sample) };
    const losses = await Promise.all(
      trainers.map(async (trainer, at) => {
        const running = trainer.stepLater(input, 1e-3);
        if (at === 1) trainer.copyAhead(other);
        return [await running, await trainer.stepLater(other, 1e-3)];
      }),
    );
    expect(losses[1]).toEqual(losses[0]);
    expect(engine.tensorCount).toBe(idle);
    trainers[0]!.copyAhead(input);
    trainers[0]!.copyAhead(other);
    expect(engine.tensorCount).toBe(idle + 2);
    for (const trainer of trainers) trainer.dispose();
    trainers[0]!.copyAhead(input);
    expect(engine.tensorCount).toBe(before);
  });
});
