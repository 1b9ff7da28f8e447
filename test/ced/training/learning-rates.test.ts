import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { parameterSpecs } from '../../../ced/model/parameters';
import type { Weights } from '../../../ced/model/weights';
import { learningRateFactor, type TrainedPart } from '../../../ced/training/learning-rates';
import type { TrainerOptions } from '../../../ced/training/trainer-options';
import { Trainer, type TrainerState } from '../../../ced/training/trainer';
import type { TrainingBatch } from '../../../ced/training/training-batch';

const engine = openEngine();
const config = modelConfigSchema.parse({
  ...{ embed_dim: 32, depth: 2, num_heads: 2, outputdim: 5, target_length: 64 },
});
const samples = 8000;
const rows = 4;
const batch: TrainingBatch = {
  ...{ batch: rows, samples, lambda: null, masks: new Int32Array(rows * 4) },
  pcm: Int16Array.from(
    { length: rows * samples },
    (_, i) =>
      6000 * Math.sin(i * 0.02 * (1 + Math.floor(i / samples))) + (((i * 7919) % 601) - 300),
  ),
  targets: Float32Array.from({ length: rows * 5 }, (_, i) => (i % 6 === 0 ? 0.9 : 0.02)),
};
const initial = initialWeights(config, 1);

function trained(
  options: Partial<TrainerOptions>,
  steps = 3,
  from: TrainerState | Weights = initial,
): TrainerState {
  const trainer = new Trainer(engine, config, from, { precision: 'float32', ...options });
  for (let step = 0; step < steps; step++) trainer.step(batch, 1e-3);
  const state = trainer.snapshot();
  trainer.dispose();
  return state;
}

const bytesOf = (weights: Weights, name: string): Buffer => {
  const { data } = weights.get(name)!;
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
};
const changedIn = ({ weights }: TrainerState): string[] =>
  [...weights.keys()].filter((name) => !bytesOf(weights, name).equals(bytesOf(initial, name)));
const sameBytes = (one: TrainerState, other: TrainerState): boolean =>
  (['weights', 'adamM', 'adamV'] as const).every((part) =>
    [...one[part].keys()].every((name) =>
      bytesOf(one[part], name).equals(bytesOf(other[part], name)),
    ),
  );

const inHead = (name: string): boolean => name.startsWith('outputlayer.');
const inLastBlock = (name: string): boolean =>
  inHead(name) || name.startsWith('encoder.norm.') || name.startsWith('encoder.blocks.1.');

describe('a training of a part of a model', () => {
  const parts: [string, TrainedPart, (name: string) => boolean][] = [
    ['the head', 'head', inHead],
    ['the last block', { lastBlocks: 1 }, inLastBlock],
  ];
  const cases = parts.flatMap(([what, train, isTrained]) =>
    [1, 2].map((count) => ({ what, train, isTrained, count })),
  );

  it.each(cases)(
    'changes $what alone, in $count parts: every other tensor keeps its bits',
    ({ train, isTrained, count }) => {
      const state = trained({ train, parts: count, weightDecay: 0.1 });
      expect(changedIn(state)).toEqual([...initial.keys()].filter(isTrained));
      expect([...state.adamM.keys()]).toEqual([...initial.keys()].filter(isTrained));
    },
  );

  it('continues a snapshot bit for bit', () => {
    const whole = trained({ train: 'head' }, 4);
    expect(sameBytes(trained({ train: 'head' }, 2, trained({ train: 'head' }, 2)), whole)).toBe(
      true,
    );
  });
});

describe('learning rates by layer', () => {
  it('are those of MAE: a power of the decay for each layer below the head', () => {
    const rates = { train: 'all', headLearningRateFactor: 10, layerDecay: 0.5 } as const;
    const factor = (name: string): number => learningRateFactor(name, rates, 12);
    expect(factor('outputlayer.1.weight')).toBe(10);
    expect(factor('encoder.norm.bias')).toBe(1);
    expect(factor('encoder.blocks.11.mlp.fc1.weight')).toBe(0.5);
    expect(factor('encoder.blocks.0.norm1.weight')).toBe(0.5 ** 12);
    for (const name of ['patch_embed.proj.weight', 'time_pos_embed', 'init_bn.bias'])
      expect(factor(`encoder.${name}`)).toBe(0.5 ** 13);
  });

  it('scale what a step changes', () => {
    // Adam's first step moves a value by the learning rate, whatever its gradient is.
    const moved = (state: TrainerState, name: string): number =>
      Math.max(
        ...state.weights
          .get(name)!
          .data.map((value, i) => Math.abs(value - initial.get(name)!.data[i]!)),
      );
    const plain = trained({}, 1);
    const rates = { train: 'all', headLearningRateFactor: 4, layerDecay: 0.5 } as const;
    const scaled = trained(rates, 1);
    for (const { name, trained: isTrained } of parameterSpecs(config))
      if (isTrained)
        expect(moved(scaled, name) / moved(plain, name)).toBeCloseTo(
          learningRateFactor(name, rates, config.depth),
          2,
        );
  });

  it('of 1 are those of a training that says nothing of them, bit for bit', () => {
    const stated = { train: 'all', headLearningRateFactor: 1, layerDecay: 1 } as const;
    const decay = { weightDecay: 0.1 };
    expect(sameBytes(trained({ ...stated, ...decay }), trained(decay))).toBe(true);
  });
});
