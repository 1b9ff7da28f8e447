import { GradientTree, ownedParts } from '../../../ced/training/gradient-tree';

type Sum = { level: number; index: number; value: string };
const add = (left: string, right: string): string => `(${left}+${right})`;
const part = (index: number): Sum => ({ level: 0, index, value: String(index) });

function treeOf(subtrees: readonly Sum[]): GradientTree<string> {
  const tree = new GradientTree<string>(add);
  for (const subtree of subtrees) tree.push(subtree);
  return tree;
}

/** What a worker hands on. */
function sumsOf(parts: number, workers: number, rank: number): readonly Sum[] {
  const { from, to } = ownedParts(parts, workers, rank);
  return treeOf(Array.from({ length: to - from }, (_, at) => part(from + at))).sums();
}

const total = (parts: number, workers: number): string =>
  treeOf(Array.from({ length: workers }, (_, rank) => sumsOf(parts, workers, rank)).flat()).total();

describe('the tree over the parts of a batch', () => {
  it('sums pairs of neighbours, then pairs of pairs, and what is left over from the right', () => {
    expect(total(2, 1)).toBe('(0+1)');
    expect(total(4, 1)).toBe('((0+1)+(2+3))');
    expect(total(7, 1)).toBe('(((0+1)+(2+3))+((4+5)+6))');
    expect(total(1, 1)).toBe('0');
  });

  it('makes the same additions for every number of workers, more than parts included', () => {
    for (let parts = 1; parts <= 33; parts++)
      for (let workers = 2; workers <= 12; workers++)
        expect({ parts, workers, total: total(parts, workers) }).toEqual({
          parts,
          workers,
          total: total(parts, 1),
        });
  });

  it('gives each part to one worker, in contiguous ranges', () => {
    for (const [parts, workers] of [
      [8, 3],
      [7, 4],
      [2, 5],
    ] as const) {
      const ranges = Array.from({ length: workers }, (_, rank) => ownedParts(parts, workers, rank));
      expect(ranges[0]?.from).toBe(0);
      expect(ranges.at(-1)?.to).toBe(parts);
      ranges.slice(1).forEach(({ from }, index) => expect(from).toBe(ranges[index]?.to));
    }
  });

  it('refuses to sum no parts', () => {
    expect(() => treeOf([]).total()).toThrow(RangeError);
  });
});
