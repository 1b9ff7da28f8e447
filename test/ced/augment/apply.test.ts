import fc from 'fast-check';
import { masksToInt32, shiftInto } from '../../../ced/augment/apply';

describe('shifting a chunk', () => {
  it('rolls it to the right', () => {
    const out = new Int16Array(7);
    shiftInto(Int16Array.of(1, 2, 3, 4, 5), 2, out, 1);
    expect(Array.from(out)).toEqual([0, 4, 5, 1, 2, 3, 0]);
  });

  it('moves sample i to (i + shift) mod n and touches nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1 }),
        fc.nat(),
        (samples, number) => {
          const shift = number % samples.length;
          const out = new Int16Array(samples.length + 2);
          shiftInto(Int16Array.from(samples), shift, out, 1);
          samples.forEach((sample, index) =>
            expect(out[1 + ((index + shift) % samples.length)]).toBe(sample),
          );
          expect([out[0], out.at(-1)]).toEqual([0, 0]);
        },
      ),
    );
  });

  it.each([-1, 5, 0.5])('refuses a shift of %d in a chunk of five samples', (shift) => {
    expect(() => shiftInto(new Int16Array(5), shift, new Int16Array(5), 0)).toThrow(RangeError);
  });
});

describe('mask edges', () => {
  it('stand in the order time start, time width, frequency start, frequency width', () => {
    const row = { shift: 9, timeStart: 1, timeWidth: 2, freqStart: 3, freqWidth: 4 };
    expect(masksToInt32([row, { ...row, timeStart: 5 }])).toEqual(
      Int32Array.of(1, 2, 3, 4, 5, 2, 3, 4),
    );
  });
});
