import { philox, streamKey, uniform } from '../../../ced/augment/random';
import { compare } from '../../../tools/study/evidence';
import {
  differencesAtLooks,
  ERROR,
  errorOfLook,
  lastLook,
  LOOKS,
  MOST_SEEDS,
} from '../../../tools/study/sequential-test';

/** Normal numbers, by Box and Muller. */
function normals(stream: number, count: number): number[] {
  const key = streamKey('test of the sequential test', stream);
  return Array.from({ length: count }, (_, index) => {
    const [first, second] = philox(key, [index, 0, 0, 0]);
    return Math.sqrt(-2 * Math.log(1 - uniform(first))) * Math.cos(2 * Math.PI * uniform(second));
  });
}

const pairsOf = (differences: readonly number[]) =>
  differences.map((difference): [number, number] => [0.3 + difference, 0.3]);

describe('the sequential test', () => {
  it('spends its error in proportion to the seeds, and no more than 5 % in all', () => {
    expect(LOOKS.map(errorOfLook)).toEqual([
      expect.closeTo(0.0075, 12),
      expect.closeTo(0.005, 12),
      expect.closeTo(0.0075, 12),
      expect.closeTo(0.01, 12),
      expect.closeTo(0.02, 12),
    ]);
    expect(LOOKS.map(errorOfLook).reduce((sum, error) => sum + error, 0)).toBeCloseTo(ERROR, 12);
  });

  it('errs in less than 5 % of studies without a difference, whenever they stop', () => {
    const studies = 4000;
    let wrong = 0;
    for (let study = 0; study < studies; study++) {
      const looks = differencesAtLooks(pairsOf(normals(study, MOST_SEEDS)));
      if (looks.some(({ mean, halfWidth }) => Math.abs(mean) > halfWidth!)) wrong++;
    }
    // 200 would be 5 %; less than 1 % would be a test that wastes seeds.
    expect(wrong).toBeGreaterThan(40);
    expect(wrong).toBeLessThan(200);
  });

  it('takes its first look after three seeds, and none between looks', () => {
    expect([2, 3, 4, 5, 7, 19, 20, 99].map(lastLook)).toEqual([null, 3, 3, 5, 5, 12, 20, 20]);
    expect(differencesAtLooks(pairsOf([0.01, 0.02]))).toEqual([
      { mean: expect.closeTo(0.015, 12) as number, halfWidth: null },
    ]);
    const four = differencesAtLooks(pairsOf([0.01, 0.02, 0.03, 9]));
    expect(four).toHaveLength(1);
    expect(four[0].mean).toBeCloseTo(0.02, 12);
  });

  it('keeps a decision when later seeds blur it', () => {
    const clear = [0.02, 0.0201, 0.0202];
    const blurred = [...clear, -0.5, 0.5];
    expect(compare(pairsOf(clear), 'higher')).toMatchObject({ finding: 'higher', missing: 0 });
    expect(compare(pairsOf(blurred), 'higher')).toMatchObject({ finding: 'higher', missing: 0 });
  });

  it('finds a difference too small to matter', () => {
    const tiny = [0.0004, -0.0004, 0.0003, -0.0002, 0.0001];
    expect(compare(pairsOf(tiny), 'higher')).toMatchObject({
      finding: 'smaller than 0.005',
      missing: 0,
    });
  });

  it('tells how many seeds are missing until the deciding look, or that no look decides', () => {
    const noisy = [0.004, 0.012, 0.02];
    // Mean 0.012, deviation 0.008: 0.008 · t(4; 0.5 %) / √5 = 0.020, · t(7; 0.75 %) / √8 = 0.0104.
    expect(compare(pairsOf(noisy), 'higher')).toMatchObject({
      finding: 'within the noise',
      missing: 5,
    });
    expect(compare(pairsOf([-0.1, 0.104, 0.003]), 'higher').missing).toBe('more');
    expect(compare(pairsOf([0.01]), 'higher').missing).toBe('unknown');
  });
});
