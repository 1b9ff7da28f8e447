import { pairAgreement } from '../../../ced/metrics/pair-agreement';

describe('two teachers', () => {
  const one = [0.1, 0.9, 0.5, 0.5];

  it('agree fully with themselves', () => {
    expect(pairAgreement(one, one, 2, 2)).toEqual({ topMatch: 1, meanDifference: 0 });
  });

  it('are compared by top class, ties to the lower, and by mean absolute difference', () => {
    const { topMatch, meanDifference } = pairAgreement(one, [0.9, 0.1, 0.7, 0.3], 2, 2);
    expect(topMatch).toBe(0.5);
    expect(meanDifference).toBeCloseTo((0.8 + 0.8 + 0.2 + 0.2) / 4, 12);
  });

  it('of different shapes are refused', () => {
    expect(() => pairAgreement(one, [0.5], 2, 2)).toThrow(RangeError);
  });
});
