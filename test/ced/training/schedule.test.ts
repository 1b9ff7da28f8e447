import { averageWeights } from '../../../ced/training/averaging';
import { learningRateAt } from '../../../ced/training/schedule';

describe('the learning rate', () => {
  const schedule = {
    learningRate: 1e-3,
    warmupSteps: 10,
    totalSteps: 110,
    finalLearningRateFraction: 0.1,
  };
  const rates = Array.from({ length: 120 }, (_, step) => learningRateAt(step, schedule));

  it('rises to its peak over the warm-up', () => {
    expect(rates[0]).toBeCloseTo(1e-4, 10);
    expect(rates[9]).toBeCloseTo(1e-3, 10);
    expect(rates[10]).toBeCloseTo(1e-3, 10);
  });

  it('falls to a tenth at the last step and stays there', () => {
    expect(rates[109]).toBeCloseTo(1e-4, 10);
    expect(rates[119]).toBeCloseTo(1e-4, 10);
    rates
      .slice(11)
      .forEach((rate, index) => expect(rate).toBeLessThanOrEqual(rates[index + 10] as number));
  });

  it('needs no warm-up and no second step', () => {
    expect(learningRateAt(0, { ...schedule, warmupSteps: 0, totalSteps: 1 })).toBe(1e-3);
  });
});

describe('averaged weights', () => {
  const weights = (...values: number[]) =>
    new Map([
      ['encoder.init_bn.running_mean', { shape: [values.length], data: Float32Array.from(values) }],
    ]);

  it('are the mean, running statistics included', () => {
    const average = averageWeights([weights(1, 2), weights(2, 4), weights(6, 0)]);
    expect(average).toEqual(weights(3, 2));
  });

  it('are summed in float64', () => {
    expect(averageWeights([weights(2 ** 24), weights(1), weights(1)])).toEqual(
      weights((2 ** 24 + 2) / 3),
    );
  });

  it('refuse an empty list and models of different shape', () => {
    expect(() => averageWeights([])).toThrow(RangeError);
    expect(() => averageWeights([weights(1), weights(1, 2)])).toThrow(/differs in shape/);
  });
});
