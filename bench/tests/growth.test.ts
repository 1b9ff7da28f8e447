import { growthRow } from '../growth';
import { fittedExponent, isWorseThanLinear } from '../growth/fit';
import { subjects } from '../growth/subjects';

const sizes = [30, 300, 3000];
const sample = (cpuMs: number) => ({ cpuMs, peakBytes: 5e6 });

describe('how a cost grows', () => {
  it.each([0, 1, 1.5, 2])('is found again: exponent %d', (exponent) => {
    const points = sizes.map((size) => ({ size, cost: 3 * size ** exponent }));
    expect(fittedExponent(points)).toBeCloseTo(exponent, 9);
    expect(isWorseThanLinear(points)).toBe(exponent > 1);
  });

  it('counts between the two largest sizes: a fixed cost hides nothing', () => {
    const points = sizes.map((size) => ({ size, cost: 1000 + size ** 2 / 1000 }));
    expect(fittedExponent(points)).toBeLessThan(1);
    expect(isWorseThanLinear(points)).toBe(false);
    const larger = [...points, { size: 30_000, cost: 1000 + 30_000 ** 2 / 1000 }];
    expect(isWorseThanLinear(larger)).toBe(true);
  });

  it('is a row with each size, its cost for one, and a mark where it is worse than linear', () => {
    const flat = growthRow('plan by clips', sizes, [30, 300, 3000].map(sample));
    expect(flat).toEqual({
      text:
        '| plan by clips | 30, 300, 3000 | 30, 300, 3000 | 1.000, 1.000, 1.000 | 5, 5, 5 | ' +
        'n^1.00 | n^0.00 |  |',
      isWorse: false,
    });
    const worse = growthRow('plan by clips', sizes, [1, 100, 10_000].map(sample));
    expect(worse.isWorse).toBe(true);
    expect(worse.text).toMatch(/worse than linear \|$/);
  });

  it('is measured for every part that the documents promise', () => {
    const parts = new Set(subjects.map(({ name }) => name));
    expect([...parts]).toEqual([
      ...['plan', 'ingest', 'logits', 'reading for training', 'scoring'],
      ...["report's evaluation", "report's metrics", 'verify', 'gc'],
    ]);
  });
});
