import { bootstrap } from '../../../ced/metrics/bootstrap';

const values = Float64Array.from({ length: 200 }, (_, index) => Math.sin(index * 12.9898) * 43.7);
const meanOf = (drawn: Uint32Array): number =>
  drawn.reduce((sum, row) => sum + values[row]!, 0) / drawn.length;

describe('the bootstrap', () => {
  it('finds the standard error of a mean', () => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const { deviation, low, high } = bootstrap(values.length, meanOf, { draws: 2000, seed: 1 });
    const known = Math.sqrt(variance / values.length);
    expect(deviation / known).toBeGreaterThan(0.95);
    expect(deviation / known).toBeLessThan(1.05);
    expect((low - mean) / known).toBeCloseTo(-1.96, 0);
    expect((high - mean) / known).toBeCloseTo(1.96, 0);
  });

  it('draws the same rows under the same seed, and others under another', () => {
    const of = (seed: number) => bootstrap(values.length, meanOf, { draws: 20, seed });
    expect(of(7)).toEqual(of(7));
    expect(of(8)).not.toEqual(of(7));
  });

  it('draws every row, as many as there are', () => {
    const seen = new Set<number>();
    bootstrap(
      10,
      (drawn) => {
        expect(drawn).toHaveLength(10);
        drawn.forEach((row) => seen.add(row));
        return 0;
      },
      { draws: 50, seed: 3 },
    );
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('says nothing of no rows', () => {
    expect(() => bootstrap(0, () => 0, { draws: 10, seed: 1 })).toThrow(RangeError);
  });
});
