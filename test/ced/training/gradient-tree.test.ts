import { openEngine } from '../../../ced/engine/engine';
import type { Ops } from '../../../ced/engine/ops';
import type { Tensor } from '../../../ced/engine/tensor';
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

describe('TensorFlow', () => {
  const PARTS = 7;
  const WIDTH = 4096;
  const values = Array.from({ length: PARTS }, (_, part) =>
    Float32Array.from(
      { length: WIDTH },
      (_, i) => Math.sin(part * WIDTH + i) * 10 ** ((i % 9) - 4),
    ),
  );
  const rounded = (
    left: Float32Array<ArrayBuffer>,
    right: Float32Array,
  ): Float32Array<ArrayBuffer> => left.map((value, i) => value + right[i]!);
  const expected = new GradientTree<Float32Array<ArrayBuffer>>(rounded);
  values.forEach((value, index) => expected.push({ level: 0, index, value }));

  // A graph optimizer could join the additions, or move them.
  it.each([
    ['kernel by kernel', Infinity],
    ['compiled', 1],
  ])('makes the additions of the tree, each rounded, %s', (name, compiledFrom) => {
    const engine = openEngine();
    const flat = Float32Array.from(values.flatMap((each) => [...each]));
    const input = engine.tensor(flat, [PARTS, WIDTH], 'float32');
    const sumOf = (ops: Ops, x: Tensor): Tensor => {
      const tree = new GradientTree<Tensor>((left, right) => ops.add(left, right));
      for (let index = 0; index < PARTS; index++) {
        const value = ops.reshape(ops.slice(x, [index, 0], [1, WIDTH]), WIDTH);
        tree.push({ level: 0, index, value });
      }
      return tree.total();
    };
    const traced = engine.define(
      `sum in a tree, ${name}`,
      [{ dtype: 'float32', shape: [PARTS, WIDTH] }],
      'float32',
      (ops, [x]) => ops.fused([x!], (inner, [rows]) => [sumOf(inner, rows!)] as const),
      compiledFrom,
    );
    const [sum] = engine.call(traced, [input]) as [Tensor];
    expect(engine.read(sum)).toEqual(expected.total());
    const inLine = values.reduce(rounded);
    expect(engine.read(sum)).not.toEqual(inLine);
    engine.free(input, sum);
  });
});
