import { openEngine } from '../../../ced/engine/engine';
import type { Ops, Precision } from '../../../ced/engine/ops';
import { broadcastShapes, type Tensor } from '../../../ced/engine/tensor';

const engine = openEngine();
const values = Float32Array.of(-2, -0.5, 0, 0.25, 1, 3);

/** A table of 2 × 3 through `body`, as shape and numbers. */
function through(
  body: (ops: Ops, x: Tensor) => Tensor,
  precision: Precision = 'float32',
): { shape: number[]; numbers: number[] } {
  return engine.eager((ops) => {
    const result = body(ops, ops.constant(values, [2, 3]));
    return { shape: [...result.shape], numbers: [...engine.read(result)] };
  }, precision);
}

const rounded = (numbers: Iterable<number>): number[] =>
  [...numbers].map((x) => Math.round(x * 1e5) / 1e5 + 0);

describe('element by element', () => {
  it.each<[string, (ops: Ops, x: Tensor) => Tensor, (x: number) => number]>([
    ['square', (ops, x) => ops.square(x), (x) => x * x],
    ['exp', (ops, x) => ops.exp(x), Math.exp],
    ['negate', (ops, x) => ops.negate(x), (x) => -x],
    ['abs', (ops, x) => ops.abs(x), Math.abs],
    ['sigmoid', (ops, x) => ops.sigmoid(x), (x) => 1 / (1 + Math.exp(-x))],
    ['relu', (ops, x) => ops.relu(x), (x) => Math.max(0, x)],
    ['scale', (ops, x) => ops.scale(x, -1.5), (x) => -1.5 * x],
    [
      'log of what is above zero',
      (ops, x) => ops.log(ops.maximum(x, ops.scalar(0.5))),
      (x) => Math.log(Math.max(x, 0.5)),
    ],
    ['log1p', (ops, x) => ops.log1p(ops.abs(x)), (x) => Math.log1p(Math.abs(x))],
    [
      'sqrt and rsqrt',
      (ops, x) =>
        ops.multiply(
          ops.sqrt(ops.add(ops.abs(x), ops.scalar(1))),
          ops.rsqrt(ops.add(ops.square(x), ops.scalar(1))),
        ),
      (x) => Math.sqrt((Math.abs(x) + 1) / (x * x + 1)),
    ],
    ['minimum', (ops, x) => ops.minimum(x, ops.scalar(0)), (x) => Math.min(x, 0)],
    ['division', (ops, x) => ops.divide(x, ops.scalar(4)), (x) => x / 4],
    ['greaterEqual', (ops, x) => ops.greaterEqual(x, ops.scalar(0)), (x) => Number(x >= 0)],
    ['less', (ops, x) => ops.less(x, ops.scalar(0)), (x) => Number(x < 0)],
  ])('%s is what Math says', (_, op, expected) => {
    const { shape, numbers } = through(op);
    expect(shape).toEqual([2, 3]);
    expect(rounded(numbers)).toEqual(rounded(values.map(expected)));
  });

  it('erf is odd and reaches one, to float32', () => {
    expect(rounded(through((ops, x) => ops.erf(x)).numbers)).toEqual([
      -0.99532, -0.5205, 0, 0.27633, 0.8427, 0.99998,
    ]);
  });
});

describe('shapes', () => {
  it('follow reductions, with negative axes and kept dimensions', () => {
    expect(through((ops, x) => ops.sum(x, [-1]))).toEqual({ shape: [2], numbers: [-2.5, 4.25] });
    expect(through((ops, x) => ops.max(x, [0], true))).toEqual({
      shape: [1, 3],
      numbers: [0.25, 1, 3],
    });
    expect(rounded(through((ops, x) => ops.mean(x, [0, 1])).numbers)).toEqual([0.29167]);
  });

  it('follow reshapes, transpositions, slices, padding and reversal', () => {
    expect(through((ops, x) => ops.transpose(x, 1, 0))).toEqual({
      shape: [3, 2],
      numbers: [-2, 0.25, -0.5, 1, 0, 3],
    });
    expect(through((ops, x) => ops.slice(x, [0, 1], [2, 2])).numbers).toEqual([-0.5, 0, 1, 3]);
    expect(
      through((ops, x) =>
        ops.padZeros(x, [
          [1, 0],
          [0, 1],
        ]),
      ),
    ).toEqual({ shape: [3, 4], numbers: [0, 0, 0, 0, -2, -0.5, 0, 0, 0.25, 1, 3, 0] });
    expect(
      through((ops, x) =>
        ops.padReflected(x, [
          [0, 0],
          [2, 1],
        ]),
      ).numbers,
    ).toEqual([0, -0.5, -2, -0.5, 0, -0.5, 3, 1, 0.25, 1, 3, 1]);
    expect(through((ops, x) => ops.reverse(x, 0)).numbers).toEqual([0.25, 1, 3, -2, -0.5, 0]);
    expect(through((ops, x) => ops.reshape(x, 6)).shape).toEqual([6]);
  });

  it('come back from stack and unstack, concat and slice', () => {
    expect(through((ops, x) => ops.stack(ops.unstack(x)))).toEqual({
      shape: [2, 3],
      numbers: [...values],
    });
    expect(through((ops, x) => ops.concat([x, x], 1))).toEqual({
      shape: [2, 6],
      numbers: [-2, -0.5, 0, -2, -0.5, 0, 0.25, 1, 3, 0.25, 1, 3],
    });
  });

  it('that do not fit are refused where they are written', () => {
    expect(() => through((ops, x) => ops.reshape(x, 4))).toThrow('[2,3] cannot become [4]');
    expect(() => through((ops, x) => ops.matmul(x, x))).toThrow(/cannot be multiplied/);
    expect(() => through((ops, x) => ops.add(x, ops.constant(new Float32Array(2), [2])))).toThrow(
      /cannot be combined/,
    );
    expect(broadcastShapes([4, 1, 3], [2, 1])).toEqual([4, 2, 3]);
  });
});

describe('products', () => {
  it.each([
    [false, false, [2, 3], [3, 2]],
    [true, false, [3, 2], [3, 2]],
    [false, true, [2, 3], [2, 3]],
    [true, true, [3, 2], [2, 3]],
  ])(
    'transposed left %s, right %s, are sums of products',
    (transposeLeft, transposeRight, left, right) => {
      const at = (shape: number[], transposed: boolean, row: number, column: number): number =>
        values[transposed ? column * shape[1]! + row : row * shape[1]! + column]!;
      const expected = [0, 1].flatMap((row) =>
        [0, 1].map((column) =>
          [0, 1, 2].reduce(
            (sum, k) =>
              sum + at(left, transposeLeft, row, k) * at(right, transposeRight, k, column),
            0,
          ),
        ),
      );
      const { shape, numbers } = through((ops, x) =>
        ops.matmul(ops.reshape(x, ...left), ops.reshape(x, ...right), {
          transposeLeft,
          transposeRight,
        }),
      );
      expect(shape).toEqual([2, 2]);
      expect(numbers).toEqual(expected);
      const batched = through((ops, x) =>
        ops.batchMatmul(ops.reshape(x, 1, ...left), ops.reshape(x, 1, ...right), {
          transposeLeft,
          transposeRight,
        }),
      );
      expect(batched).toEqual({ shape: [1, 2, 2], numbers: expected });
    },
  );

  it('in bfloat16 round their operands to eight bits; where it says float32 they do not', () => {
    const product = (ops: Ops, x: Tensor): Tensor =>
      ops.wide(
        ops.matmul(ops.add(x, ops.scalar(1 / 512)), ops.constant(Float32Array.of(1, 0, 0), [3, 1])),
      );
    expect(through(product).numbers).toEqual([-2 + 1 / 512, 0.25 + 1 / 512]);
    // 0.251953125 = 129/512 still fits
    expect(through(product, 'bfloat16').numbers).toEqual([-2, 0.251953125]);
    const exact = (ops: Ops, x: Tensor): Tensor =>
      ops.matmulFloat32(
        ops.add(x, ops.scalar(1 / 512)),
        ops.constant(Float32Array.of(1, 0, 0), [3, 1]),
      );
    expect(through(exact, 'bfloat16').numbers).toEqual(through(exact).numbers);
  });

  it('sum over all rows, as the gradient of a bias does', () => {
    expect(through((ops, x) => ops.columnSums(x))).toEqual({
      shape: [3],
      numbers: [-1.75, 0.5, 3],
    });
  });
});

describe('the rest', () => {
  it('a real Fourier transform has the bins of the textbook', () => {
    const wave = Float32Array.from(
      { length: 8 },
      (_, i) => Math.cos((2 * Math.PI * 2 * i) / 8) + 0.5 * Math.sin((2 * Math.PI * i) / 8),
    );
    const { real, imaginary } = engine.eager((ops) => {
      const bins = ops.realFourier(ops.constant(wave, [1, 8]));
      return {
        real: rounded(engine.read(ops.real(bins))),
        imaginary: rounded(engine.read(ops.imaginary(bins))),
      };
    });
    expect(real).toEqual([0, 0, 4, 0, 0]);
    expect(imaginary).toEqual([0, -2, 0, 0, 0]);
  });

  it('bytes become little-endian int16', () => {
    const numbers = engine.eager((ops, runner) => [
      ...engine.read(
        ops.cast(
          ops.bytesToInt16(runner.constant(Uint8Array.of(1, 0, 255, 255, 0, 128), [3, 2], 'uint8')),
          'float32',
        ),
      ),
    ]);
    expect(numbers).toEqual([1, -1, -32768]);
  });

  it('scalars and index lists are made once', () => {
    engine.eager((ops) => {
      expect(ops.scalar(0.5)).toBe(ops.scalar(0.5));
      expect(ops.scalar(0.5)).not.toBe(ops.scalar(0.25));
      expect(ops.indexes(1, 2)).toBe(ops.indexes(1, 2));
      expect(ops.indexes(1)).not.toBe(ops.indexes(1, 2));
    });
  });
});
