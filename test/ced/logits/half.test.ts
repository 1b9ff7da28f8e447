import fc from 'fast-check';
import { fromHalf, halfValues, toHalf } from '../../../ced/logits/half';

describe('float16', () => {
  it('comes back from float32 for each of its 65,536 bit patterns', () => {
    for (let half = 0; half < 0x10000; half++) {
      const value = fromHalf(half);
      if (Number.isNaN(value)) expect(Number.isNaN(fromHalf(toHalf(value)))).toBe(true);
      else if (toHalf(value) !== half)
        throw new Error(`0x${half.toString(16)} came back as 0x${toHalf(value).toString(16)}`);
    }
  });

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * (1 + 2 ** -23), 0x0001],
    [3 * 2 ** -25, 0x0002],
    [-0, 0x8000],
    [Infinity, 0x7c00],
  ])('writes %d as the right bits', (value, half) => {
    expect(toHalf(value)).toBe(half);
  });

  it('is the nearest one to any float32, ties to even', () => {
    fc.assert(
      fc.property(fc.float({ min: 0, max: 65504, noNaN: true }), (value) => {
        const half = toHalf(value);
        const error = Math.abs(fromHalf(half) - value);
        for (const neighbour of [half - 1, half + 1].filter(
          (bits) => bits >= 0 && bits <= 0x7bff,
        )) {
          const other = Math.abs(fromHalf(neighbour) - value);
          expect(error < other || (error === other && half % 2 === 0)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('has its table of values', () => {
    expect(halfValues[toHalf(0.1)]).toBe(fromHalf(toHalf(0.1)));
  });
});
