import fc from 'fast-check';
import { chunkPlan } from '../../../ced/audio/chunks';
import { chunkAtRate, positionAtRate, shiftAtRate } from '../../../ced/audio/sample-rates';

const RATES = [44_100, 22_050, 8000, 32_000, 48_000, 1000, 191_999, 192_000];
const rate = fc.constantFrom(...RATES);
/** A week. */
const position = fc.integer({ min: 0, max: 7 * 24 * 3600 * 16_000 });

describe('positions at another sample rate', () => {
  it('are the exact quotient, a half rounded up', () => {
    fc.assert(
      fc.property(position, rate, (at, hertz) => {
        const exact = (2n * BigInt(at) * BigInt(hertz) + 16_000n) / 32_000n;
        expect(BigInt(positionAtRate(at, hertz))).toBe(exact);
      }),
    );
    expect(positionAtRate(1, 8000)).toBe(1);
    expect(positionAtRate(3, 8000)).toBe(2);
  });

  it('are those of 16 kHz at 16 kHz', () => {
    expect(positionAtRate(12_345, 16_000)).toBe(12_345);
    expect(chunkAtRate({ start: 5, length: 7 }, 16_000)).toEqual({ start: 5, length: 7 });
    expect(shiftAtRate(6, 16_000, 7)).toBe(6);
  });
});

describe('chunks at another sample rate', () => {
  const clip = fc.integer({ min: 1, max: 3_000_000 });
  const seconds = fc.constantFrom(0.2, 0.33, 1, 2.7182, 10);

  it('begin and end at the times of those at 16 kHz, and join where those join', () => {
    fc.assert(
      fc.property(clip, seconds, rate, (samples, chunkSeconds, hertz) => {
        let end = 0;
        for (const chunk of chunkPlan(samples, chunkSeconds)) {
          const { start, length } = chunkAtRate(chunk, hertz);
          expect(start).toBe(end);
          end = start + length;
          const half = 0.5 / hertz + 1e-9;
          expect(Math.abs(start / hertz - chunk.start / 16_000)).toBeLessThan(half);
          expect(Math.abs(end / hertz - (chunk.start + chunk.length) / 16_000)).toBeLessThan(half);
        }
        expect(end).toBeLessThanOrEqual(positionAtRate(samples, hertz));
      }),
    );
  });

  it('are shifted by the same time, circularly and within their length', () => {
    fc.assert(
      fc.property(
        clip,
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        rate,
        (n, part, hertz) => {
          const shift16k = Math.floor(part * n);
          const { length } = chunkAtRate({ start: 0, length: n }, hertz);
          const shift = shiftAtRate(shift16k, hertz, length);
          expect(shift).toBeGreaterThanOrEqual(0);
          expect(shift).toBeLessThan(Math.max(1, length));
          if (length === 0) return;
          const apart = Math.abs(shift / hertz - shift16k / 16_000);
          // Rounded up to the whole chunk, it is no shift.
          const circular = Math.min(apart, Math.abs(apart - length / hertz));
          expect(circular).toBeLessThanOrEqual(1 / hertz + 1e-9);
        },
      ),
    );
  });

  it('are not shifted where the shift is rounded up to their whole length', () => {
    const { length } = chunkAtRate({ start: 0, length: 10 }, 8000);
    expect(length).toBe(5);
    expect(shiftAtRate(9, 8000, length)).toBe(0);
  });
});
