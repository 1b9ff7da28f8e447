import { branchCount, branchSizes, wholeBranchRows } from '../../../ced/engine/branches';
import { openEngine } from '../../../ced/engine/engine';
import type { Ops } from '../../../ced/engine/ops';
import type { Tensor } from '../../../ced/engine/tensor';
import { Gradients } from '../../../ced/model/parameter-access';

const engine = openEngine();

describe('the branches of a batch', () => {
  it('are at least two and at most eight, and one on a GPU', () => {
    expect([1, 2, 8, 16, 24, 32, 64, 500].map((rows) => branchCount(rows, 'cpu'))).toEqual([
      1, 2, 2, 2, 3, 4, 8, 8,
    ]);
    expect(branchCount(64, 'gpu')).toBe(1);
  });

  it('hold every row once, in shares that differ by one row at most', () => {
    for (const rows of [1, 2, 3, 7, 16, 17, 63, 64, 99]) {
      const sizes = [...branchSizes(rows, branchCount(rows, 'cpu'))];
      expect(sizes.reduce((sum, size) => sum + size)).toBe(rows);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  it('are of one size where they are compiled for it', () => {
    expect([8, 16, 64, 128, 12, 17, 88].map((rows) => wholeBranchRows(rows, 'cpu'))).toEqual([
      4,
      8,
      8,
      16,
      null,
      null,
      11,
    ]);
  });
});

describe('a function called in branches', () => {
  const body = (ops: Ops, [x, y]: readonly Tensor[]): Tensor[] => [
    ops.add(x!, y!),
    ops.sum(ops.square(x!), [1], true),
  ];
  const spec = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;
  const run = (rows: number, traced: ReturnType<typeof engine.define>): number[][] => {
    const x = Float32Array.from({ length: rows * 2 }, (_, i) => i);
    const inputs = [
      engine.tensor(x, [rows, 2], 'float32'),
      engine.tensor(Float32Array.of(10, 20), [2], 'float32'),
    ] as const;
    const outputs = engine.callInBranches(traced, [inputs[0]], [inputs[1]]);
    const found = outputs.map((output) => [...engine.read(output)]);
    engine.free(...inputs, ...outputs);
    return found;
  };
  const expected = (rows: number): number[][] => [
    Array.from({ length: rows * 2 }, (_, i) => i + (i % 2 === 0 ? 10 : 20)),
    Array.from({ length: rows }, (_, row) => (2 * row) ** 2 + (2 * row + 1) ** 2),
  ];

  it('has its outputs for the whole batch, whatever the number of rows', () => {
    const traced = engine.defineForAnyRows('in branches', [spec(3, 2)], [spec(2)], 'float32', body);
    for (const rows of [1, 2, 3, 17, 64]) expect(run(rows, traced)).toEqual(expected(rows));
  });

  it('may be made for the rows of a branch', () => {
    const traced = engine.define('of a branch', [spec(4, 2), spec(2)], 'float32', body);
    expect(run(8, traced)).toEqual(expected(8));
  });

  it('keeps no tensor, and is not one function more', () => {
    const traced = engine.defineForAnyRows('kept', [spec(3, 2)], [spec(2)], 'float32', body);
    const before = [engine.tensorCount, engine.functionCount];
    for (const rows of [2, 40]) run(rows, traced);
    expect([engine.tensorCount, engine.functionCount]).toEqual(before);
  });

  it('that loses rows is found out', () => {
    const traced = engine.defineForAnyRows('lost', [spec(3, 2)], [spec(2)], 'float32', (ops) => [
      ops.constant(new Float32Array(6), [3, 2]),
    ]);
    expect(() => run(4, traced)).toThrow(/gave \[6,2\] in branches, expected \[4,2\]/);
  });
});

describe('gradients of two branches', () => {
  const summed = (shares: readonly number[]): number =>
    engine.eager((ops) => {
      const value = (x: number): Tensor => ops.constant(Float32Array.of(x), [1]);
      const weight = value(0);
      const gradients = new Gradients(ops, () => weight, 2);
      for (const share of shares) gradients.add('w', value(share));
      return engine.read(gradients.get('w'))[0] as number;
    });

  it('are their sum, one share for each branch', () => {
    expect(summed([1, 2])).toBe(3);
    expect(() => summed([1])).toThrow(/w has 1 of 2 shares/);
    expect(() => summed([1, 2, 3])).toThrow(/w has two gradients/);
  });
});
