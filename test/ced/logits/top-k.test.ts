import fc from 'fast-check';
import { fromHalf, toHalf } from '../../../ced/logits/half';
import { topK } from '../../../ced/logits/top-k';

describe('the K most probable classes', () => {
  it('are those of a plain sort by stored value and class', () => {
    const probability = fc.oneof(
      fc.constantFrom(0, 0.5, 1, 1e-9),
      fc.float({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(probability, { minLength: 1, maxLength: 60 }),
        fc.nat(),
        (row, number) => {
          const k = 1 + (number % row.length);
          const sorted = row
            .map((value, index) => ({ half: toHalf(Math.abs(value)), index }))
            .sort((a, b) => fromHalf(b.half) - fromHalf(a.half) || a.index - b.index)
            .slice(0, k);
          const { indexes, values } = topK(Float32Array.from(row), k);
          expect(Array.from(indexes)).toEqual(sorted.map(({ index }) => index));
          expect(Array.from(values)).toEqual(sorted.map(({ half }) => half));
        },
      ),
    );
  });

  it('tie after rounding: a difference that float16 cannot hold does not count', () => {
    expect(Array.from(topK(Float32Array.of(0.5, 0.5 + 2 ** -20), 2).indexes)).toEqual([0, 1]);
  });

  it('exist only for probabilities and for K up to the number of classes', () => {
    expect(() => topK(Float32Array.of(0.5), 2)).toThrow('no top 2 of 1');
    for (const wrong of [NaN, -0.1, 1.1, Infinity])
      expect(() => topK(Float32Array.of(0.5, wrong), 1)).toThrow('class 1');
  });
});
