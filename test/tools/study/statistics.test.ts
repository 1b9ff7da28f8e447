import { outcome } from '../../../tools/study/evidence';
import { finding, pairedDifference, summarise } from '../../../tools/study/statistics';

describe('what a few seeds say', () => {
  it('gives the mean and the sample standard deviation', () => {
    const { mean, deviation, count } = summarise([0.3, 0.32, 0.34]);
    expect([mean, deviation, count]).toEqual([
      expect.closeTo(0.32, 12),
      expect.closeTo(0.02, 12),
      3,
    ]);
  });

  it('gives no deviation of one value', () => {
    expect(summarise([0.3]).deviation).toBeNull();
  });

  it('compares within a seed, so that what all seeds share does not hide a difference', () => {
    const difference = pairedDifference([
      [0.3, 0.29],
      [0.4, 0.389],
      [0.5, 0.49],
    ]);
    expect(finding(difference)).toBe('higher');
  });

  it('takes the 95 % interval of Student’s t', () => {
    // Differences 0.01, 0.02, 0.03: mean 0.02, deviation 0.01, t(2) = 4.303.
    const { halfWidth } = pairedDifference([
      [0.11, 0.1],
      [0.12, 0.1],
      [0.13, 0.1],
    ]);
    expect(halfWidth).toBeCloseTo((4.303 * 0.01) / Math.sqrt(3), 6);
  });

  it('calls a difference that the seeds do not agree on noise', () => {
    const difference = pairedDifference([
      [0.32, 0.3],
      [0.3, 0.31],
      [0.33, 0.3],
    ]);
    expect(finding(difference)).toBe('within the noise');
  });

  it('says nothing from a single seed', () => {
    expect(finding(pairedDifference([[0.4, 0.1]]))).toBe('too few seeds');
  });
});

describe('whether the paper’s claim was seen', () => {
  const compared = (expected: 'higher' | 'not lower' | 'open', mean: number, halfWidth: number) => {
    const difference = { mean, halfWidth };
    return { expected, finding: finding(difference), difference };
  };

  it('agrees when every expectation is met beyond the noise', () => {
    expect(outcome([compared('higher', 0.03, 0.01), compared('not lower', 0.001, 0.002)])).toBe(
      'agrees',
    );
  });

  it('disagrees when one goes the other way', () => {
    expect(outcome([compared('higher', 0.03, 0.01), compared('not lower', -0.02, 0.01)])).toBe(
      'disagrees',
    );
    expect(outcome([compared('higher', -0.002, 0.001)])).toBe('disagrees');
  });

  it('is undecided when a difference is within the noise', () => {
    expect(outcome([compared('higher', 0.005, 0.01)])).toBe('undecided');
  });

  it('takes noise for no sign that the reference is not lower', () => {
    expect(outcome([compared('not lower', 0, 0.02)])).toBe('undecided');
  });

  it('lets a reference that is expected to be not lower be lower by too little to matter', () => {
    expect(outcome([compared('not lower', -0.003, 0.001)])).toBe('agrees');
  });

  it('calls an expected difference small when it is', () => {
    expect(outcome([compared('higher', 0.001, 0.002)])).toBe('smaller than 0.005 with 95 %');
    expect(outcome([compared('higher', 0.03, 0.01), compared('higher', 0, 0.004)])).toBe(
      'smaller than 0.005 with 95 %',
    );
  });

  it('claims nothing that the paper does not state', () => {
    expect(outcome([compared('higher', 0.03, 0.01), compared('open', -0.03, 0.01)])).toBe('agrees');
  });

  it('says so when nothing was run', () => {
    expect(outcome([{ expected: 'higher', finding: 'too few seeds', difference: null }])).toBe(
      'not run yet',
    );
  });
});
