import { modelConfig } from '../../../ced/model/shaped-config';
import { forwardOperations } from '../../../ced/model/operations';
import {
  budgetedEpochs,
  epochsOf,
  FEWEST_EPOCHS,
  minutesOfFewest,
  MOST_EPOCHS,
  stepsAMinute,
} from '../../../ced/training/budget';

const SHAPE = { embedDim: 92, depth: 3, heads: 4, mlpRatio: 4, pooling: 'mean' } as const;
const config = modelConfig(SHAPE, 4, [{ name: 'a' }, { name: 'b' }]);
const on = (chunks: number) => ({ config, chunkSeconds: 4, chunks, batchSize: 16 });

describe('a budget of minutes', () => {
  it('becomes the epochs that its operations at the stated speed pay for', () => {
    const chunks = 16_000;
    const epochs = epochsOf({ minutes: 30, cores: 2 }, on(chunks));
    const anEpoch = 3 * forwardOperations(config, 4) * chunks;
    const paid = 30 * 60 * 2 * 3e10;
    expect(epochs * anEpoch).toBeLessThanOrEqual(paid);
    expect((epochs + 1) * anEpoch).toBeGreaterThan(paid);
    expect(epochs).toBeGreaterThan(FEWEST_EPOCHS);
  });

  it('neither wastes time on 300 clips nor starves 300,000', () => {
    expect(epochsOf({ minutes: 1000, cores: 2 }, on(300))).toBe(MOST_EPOCHS);
    expect(epochsOf({ minutes: 1, cores: 2 }, on(300_000))).toBe(FEWEST_EPOCHS);
  });

  it('is told where the fewest epochs cost more than it', () => {
    const least = minutesOfFewest({ minutes: 1, cores: 2 }, on(300_000))!;
    const steps = (FEWEST_EPOCHS * 300_000) / 16;
    expect(least * stepsAMinute(on(300_000), 2)).toBeCloseTo(steps, 3);
    expect(least).toBeGreaterThan(1);
    expect(minutesOfFewest({ minutes: 2 * least, cores: 2 }, on(300_000))).toBeNull();
    expect(minutesOfFewest({ steps: 1 }, on(300_000))).toBeNull();
  });

  it('is worth more on more cores, in proportion', () => {
    expect(stepsAMinute(on(1), 8)).toBeCloseTo(4 * stepsAMinute(on(1), 2), 6);
  });
});

describe('a budget of steps', () => {
  it('becomes whole epochs, the closest number of them, and one at least', () => {
    expect(epochsOf({ steps: 1000 }, on(1600))).toBe(10);
    expect(epochsOf({ steps: 1049 }, on(1600))).toBe(10);
    expect(epochsOf({ steps: 1051 }, on(1600))).toBe(11);
    expect(epochsOf({ steps: 10 }, on(300_000))).toBe(1);
    expect(epochsOf({ steps: 999_999_999 }, on(1))).toBe(100_000);
  });
});

describe('the trainings of a run', () => {
  it('get epochs each for its own size, and none without a budget', () => {
    const corpus = { classes: 2, chunks: 16_000, chunkSeconds: 4 };
    const budget = { minutes: 30, cores: 2 };
    const small = { model: SHAPE, batchSize: 16, budget };
    const large = { ...small, model: 'tiny' as const };
    const [first, second, third] = budgetedEpochs(
      [small, large, { model: SHAPE, batchSize: 16 }],
      corpus,
    );
    expect(first).toBe(epochsOf(budget, on(16_000)));
    expect(second).toBeLessThan(first!);
    expect(third).toBeNull();
  });
});
