import fc from 'fast-check';
import { chunkPlan } from '../../../ced/audio/chunks';

describe('cutting a clip into chunks', () => {
  it.each([
    ['a whole number of chunks', 320_000, [160_000, 160_000]],
    ['a remainder of half a chunk', 240_000, [160_000, 80_000]],
    ['a remainder just under half a chunk', 239_999, [160_000]],
    ['less than a chunk', 100_000, [100_000]],
    ['far less than half a chunk', 300, [300]],
    ['nothing', 0, []],
  ])('keeps the right pieces of %s', (_, samples, lengths) => {
    expect(chunkPlan(samples, 10).map(({ length }) => length)).toEqual(lengths);
  });

  it('never overlaps, never leaves a gap, and drops less than half a chunk', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000_000 }),
        fc.integer({ min: 1, max: 30 }),
        (samples, seconds) => {
          const chunks = chunkPlan(samples, seconds);
          let end = 0;
          for (const { start, length } of chunks) {
            expect(start).toBe(end);
            expect(length).toBeGreaterThan(0);
            end = start + length;
          }
          expect(end).toBeLessThanOrEqual(samples);
          expect(2 * (samples - end)).toBeLessThan(seconds * 16_000);
        },
      ),
    );
  });

  it('refuses chunks of no length', () => {
    expect(() => chunkPlan(1000, 0)).toThrow(RangeError);
  });
});
