import { fromHalf, toHalf } from '../../../ced/logits/half';
import { createLogitTable } from '../../../ced/logits/logit-table';
import { storedTargetsOf, writeTargets, type UnseenFill } from '../../../ced/logits/targets';

const table = createLogitTable(2, 3);
table.indexes.set([0, 1, 2, 4, 0, 2]);
table.values.set([0, 0, 0, ...[0.75, 0.5, 0.25].map(toHalf)]);

function targets(fill: UnseenFill, topK: number, classes = 6): number[] {
  const out = new Float32Array(classes + 2).fill(-1);
  writeTargets(table, 1, classes, fill, topK, out, 1);
  expect([out[0], out.at(-1)]).toEqual([-1, -1]);
  return Array.from(out.subarray(1, -1));
}

describe('the targets of a stored view', () => {
  it.each<[UnseenFill, number]>([
    ['zero', 0],
    ['lastMean', Math.fround(0.25 / 3)],
    ['lastHalf', 0.125],
  ])('fill unseen classes by %s', (fill, unseen) => {
    expect(targets(fill, 3)).toEqual([0.5, unseen, 0.25, unseen, 0.75, unseen]);
  });

  it('use a prefix of the stored pairs, and its smallest probability', () => {
    expect(targets('lastHalf', 2)).toEqual([0.5, 0.25, 0.25, 0.25, 0.75, 0.25]);
    expect(targets('lastMean', 1, 5)).toEqual([0.1875, 0.1875, 0.1875, 0.1875, 0.75]);
  });

  it('have nothing to fill when every class is stored', () => {
    const full = createLogitTable(1, 2);
    full.indexes.set([1, 0]);
    full.values.set([0.5, 0.25].map(toHalf));
    const out = new Float32Array(2);
    writeTargets(full, 0, 2, 'lastMean', 2, out, 0);
    expect(Array.from(out)).toEqual([0.25, 0.5]);
  });

  it('are known before anything is stored: K of each row, rounded, and the fill', () => {
    const rows = Float32Array.of(0.1, 0.7, 0.3, 0.2, 0.9, 0.05, 0.05, 0.4);
    const half = (value: number): number => fromHalf(toHalf(value));
    expect([...storedTargetsOf(rows, 4, 'lastHalf', 2)]).toEqual(
      [
        ...[half(0.3) / 2, half(0.7), half(0.3), half(0.3) / 2],
        ...[half(0.9), half(0.4) / 2, half(0.4) / 2, half(0.4)],
      ].map(Math.fround),
    );
  });

  it('are refused for more pairs than stored and for classes that do not exist', () => {
    expect(() => targets('zero', 4)).toThrow('4 pairs asked for, 3 stored');
    expect(() => targets('zero', 3, 4)).toThrow('class 4 of 4');
  });
});
