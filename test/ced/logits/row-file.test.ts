import fc from 'fast-check';
import { decodeRows, encodeRows } from '../../../ced/logits/row-file';
import { randomLogitTable } from './random-table';

const file = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

describe('rows that no shard has been made of yet', () => {
  it('come back as they were, with what was noted', () => {
    const shapes = fc.record({
      clips: fc.integer({ min: 0, max: 5 }),
      views: fc.integer({ min: 1, max: 4 }),
      classes: fc.integer({ min: 7, max: 600 }),
      topK: fc.integer({ min: 1, max: 7 }),
    });
    fc.assert(
      fc.property(shapes, fc.jsonValue(), (shape, notes) => {
        const table = randomLogitTable(shape);
        expect(decodeRows(file(encodeRows(table, notes)))).toEqual({
          table,
          notes: JSON.parse(JSON.stringify(notes)) as unknown,
        });
      }),
    );
  });

  it('are refused when one bit is not as it was written, or the end is missing', () => {
    const intact = file(
      encodeRows(randomLogitTable({ clips: 3, views: 2, classes: 9, topK: 4 }), { seconds: 1 }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 * intact.length - 1 }), (bit) => {
        const flipped = intact.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => decodeRows(flipped)).toThrow('not a valid logit rows');
      }),
    );
    for (const length of [0, 10, intact.length - 1])
      expect(() => decodeRows(intact.subarray(0, length))).toThrow('not a valid logit rows');
  });
});
