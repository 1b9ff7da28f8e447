import * as fc from 'fast-check';
import { MedianFilter } from '../../../ced/events/median-filter';

function filtered(rows: readonly (readonly number[])[], length: number): number[][] {
  const filter = new MedianFilter(length);
  const out = rows.map((row) => filter.push(Float32Array.from(row))).filter((row) => row !== null);
  return [...out, ...filter.end()].map((row) => [...row]);
}

describe('the median over hops', () => {
  it('is of each class and its neighbours in time, the edges standing in beyond them', () => {
    const values = fc.integer({ min: 0, max: 20 });
    const table = fc.array(fc.tuple(values, values), { maxLength: 12 });
    fc.assert(
      fc.property(table, fc.constantFrom(1, 3, 5, 9), (rows, length) => {
        const half = (length - 1) / 2;
        const wanted = rows.map((_, hop) =>
          [0, 1].map((index) => {
            const around = Array.from({ length }, (_tap, tap) => {
              const at = Math.min(rows.length - 1, Math.max(0, hop + tap - half));
              return rows[at]![index]!;
            });
            return around.sort((a, b) => a - b)[half]!;
          }),
        );
        expect(filtered(rows, length)).toEqual(wanted);
      }),
    );
  });

  it('gives a hop as soon as half its length has come behind it', () => {
    const filter = new MedianFilter(3);
    expect(filter.push(Float32Array.of(5))).toBeNull();
    expect(filter.push(Float32Array.of(1))).toEqual(Float32Array.of(5));
    expect(filter.push(Float32Array.of(2))).toEqual(Float32Array.of(2));
  });

  it.each([0, 2, 1.5, -1])('is not of %s hops', (length) => {
    expect(() => new MedianFilter(length)).toThrow(RangeError);
  });
});
