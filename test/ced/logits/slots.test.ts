import fc from 'fast-check';
import { cheapestAssignment } from '../../../ced/logits/assignment';
import { createLogitTable } from '../../../ced/logits/logit-table';
import { assignSlots } from '../../../ced/logits/slots';
import { randomLogitTable } from './random-table';

const permutations = (items: readonly number[]): number[][] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item) =>
        permutations(items.filter((each) => each !== item)).map((rest) => [item, ...rest]),
      );

describe('the cheapest assignment', () => {
  it('is that of all permutations, and gives every place once', () => {
    const problem = fc.integer({ min: 1, max: 5 }).chain((n) =>
      fc.tuple(
        fc.constant(n),
        fc.array(
          fc.integer({ min: 0, max: 20 }).map((bits) => bits / 4),
          { minLength: n * n, maxLength: n * n },
        ),
      ),
    );
    fc.assert(
      fc.property(problem, ([n, costs]) => {
        const cost = (places: ArrayLike<number>): number =>
          Array.from(places).reduce((sum, at, agent) => sum + costs[agent * n + at]!, 0);
        const all = permutations(Array.from({ length: n }, (_, place) => place));
        const found = cheapestAssignment(Float64Array.from(costs), n);
        expect([...found].sort()).toEqual(Array.from({ length: n }, (_, place) => place));
        expect(cost(found)).toBe(Math.min(...all.map(cost)));
      }),
    );
  });

  it('of none is none', () => {
    expect(cheapestAssignment(new Float64Array(0), 0)).toHaveLength(0);
  });
});

describe('the slots of classes', () => {
  const shape = { clips: 40, views: 5, classes: 30, topK: 6 };
  const table = randomLogitTable(shape);
  let order: Uint16Array;
  beforeAll(async () => {
    order = await assignSlots(table);
  });
  const classAt = (row: number, slot: number): number =>
    table.indexes[row * shape.topK + order[row * shape.topK + slot]!]!;
  const slots = Array.from({ length: shape.topK }, (_, slot) => slot);

  it('hold every pair of a row once', () => {
    for (let row = 0; row < table.rows; row++)
      expect([...order.subarray(row * shape.topK, (row + 1) * shape.topK)].sort()).toEqual(slots);
  });

  it('are kept from view to view of a clip', () => {
    for (let row = 1; row < table.rows; row++) {
      if (table.clip[row] !== table.clip[row - 1]) continue;
      const before = new Map(slots.map((slot) => [classAt(row - 1, slot), slot]));
      for (const slot of slots) expect(before.get(classAt(row, slot)) ?? slot).toBe(slot);
    }
  });

  it('are the same in other clips: two classes that lead by turns keep a slot each', async () => {
    const twins = createLogitTable(40, 2);
    for (let row = 0; row < 40; row++) {
      twins.clip[row] = row;
      // Classes 7 and 9, one of them ahead by turns.
      twins.indexes.set(row % 2 === 0 ? [7, 9] : [9, 7], 2 * row);
      twins.values.set([0x3000, 0x2fff], 2 * row);
    }
    const chosen = await assignSlots(twins);
    const first = Array.from(
      { length: 40 },
      (_, row) => twins.indexes[2 * row + chosen[2 * row]!]!,
    );
    expect(new Set(first)).toEqual(new Set([7]));
  });
});
