/**
 * TensorFlow kernels as typed functions of tensors, with static shapes. Only what the model needs;
 * each is one kernel unless its comment says otherwise. `precision: 'bfloat16'` rounds the operands
 * of matrix products to bfloat16 and accumulates in float32; everything else stays float32.
 */
import {
  boolAttribute,
  intAttribute,
  stringAttribute,
  typeAttribute,
  type Attribute,
} from './attributes';
import type { Compiler, OpRunner } from './op-runner';
import { broadcastShapes, elementCount, type DType, type Shape, type Tensor } from './tensor';

export type Precision = 'float32' | 'bfloat16';

export interface Transposition {
  readonly transposeLeft?: boolean;
  readonly transposeRight?: boolean;
}

const T = typeAttribute('T', 'float32');

export class Ops {
  private readonly made = new Map<string, unknown>();

  constructor(
    readonly runner: OpRunner,
    private readonly precision: Precision,
    /**
     * Whether the first extent of arguments is a number of rows that changes from call to call.
     * Shapes in the graph then leave their first extent to TensorFlow, so a tensor's first
     * dimension may depend on the rows and no other may.
     */
    private readonly anyRows = false,
  ) {}

  /**
   * A chain of kernels that reads and writes memory once where the runner compiles it; elsewhere
   * the kernels one by one. Only the inputs, and constants made inside, may be used in it.
   */
  fused<Outputs extends readonly Tensor[]>(
    inputs: readonly Tensor[],
    body: (ops: Ops, inputs: readonly Tensor[]) => Outputs,
  ): Outputs {
    const compiler = this.compilerFor(inputs);
    if (compiler === undefined) return body(this, inputs);
    return compiler.run(inputs, (runner, inner) =>
      body(new Ops(runner, this.precision), inner),
    ) as unknown as Outputs;
  }

  private compilerFor(inputs: readonly Tensor[]): Compiler | undefined {
    const { compiler } = this.runner;
    return inputs.some(({ shape }) => elementCount(shape) >= (compiler?.fromElements ?? Infinity))
      ? compiler
      : undefined;
  }

  // Constants; scalars and index lists are made once.

  constant(values: Float32Array, shape: Shape): Tensor {
    return this.runner.constant(values, shape, 'float32');
  }

  scalar(value: number): Tensor {
    return this.once(`f${value}`, () => this.constant(Float32Array.of(value), []));
  }

  indexes(...values: number[]): Tensor {
    return this.once(`i${values}`, () =>
      this.runner.constant(Int32Array.from(values), [values.length], 'int32'),
    );
  }

  /** Makes a value once: branches of a batch share what does not depend on their rows. */
  once<Made>(key: string, make: () => Made): Made {
    if (!this.made.has(key)) this.made.set(key, make());
    return this.made.get(key) as Made;
  }

  // Element by element.

  add = (a: Tensor, b: Tensor): Tensor => this.binary('AddV2', a, b);
  subtract = (a: Tensor, b: Tensor): Tensor => this.binary('Sub', a, b);
  multiply = (a: Tensor, b: Tensor): Tensor => this.binary('Mul', a, b);
  divide = (a: Tensor, b: Tensor): Tensor => this.binary('RealDiv', a, b);
  maximum = (a: Tensor, b: Tensor): Tensor => this.binary('Maximum', a, b);
  minimum = (a: Tensor, b: Tensor): Tensor => this.binary('Minimum', a, b);
  square = (x: Tensor): Tensor => this.unary('Square', x);
  sqrt = (x: Tensor): Tensor => this.unary('Sqrt', x);
  rsqrt = (x: Tensor): Tensor => this.unary('Rsqrt', x);
  exp = (x: Tensor): Tensor => this.unary('Exp', x);
  log = (x: Tensor): Tensor => this.unary('Log', x);
  log1p = (x: Tensor): Tensor => this.unary('Log1p', x);
  negate = (x: Tensor): Tensor => this.unary('Neg', x);
  abs = (x: Tensor): Tensor => this.unary('Abs', x);
  erf = (x: Tensor): Tensor => this.unary('Erf', x);
  sigmoid = (x: Tensor): Tensor => this.unary('Sigmoid', x);
  relu = (x: Tensor): Tensor => this.unary('Relu', x, 'activations');
  zerosLike = (x: Tensor): Tensor => this.unary('ZerosLike', x);
  softmax = (x: Tensor): Tensor =>
    this.one('Softmax', [typeAttribute('T', x.dtype)], [x], 'softmax', x.dtype, x.shape);
  scale = (x: Tensor, factor: number): Tensor => this.multiply(x, this.scalar(factor));

  /** 1 where the comparison holds, 0 elsewhere (two kernels). */
  greaterEqual = (a: Tensor, b: Tensor): Tensor =>
    this.cast(this.binary('GreaterEqual', a, b, 'bool'), 'float32');
  less = (a: Tensor, b: Tensor): Tensor => this.cast(this.binary('Less', a, b, 'bool'), 'float32');

  cast(x: Tensor, dtype: DType): Tensor {
    if (x.dtype === dtype) return x;
    return this.one(
      'Cast',
      [
        typeAttribute('SrcT', x.dtype),
        typeAttribute('DstT', dtype),
        boolAttribute('Truncate', false),
      ],
      [x],
      'y',
      dtype,
      x.shape,
    );
  }

  /** Reads pairs of bytes as little-endian int16: [..., 2] to [...]. */
  bytesToInt16(x: Tensor): Tensor {
    return this.one(
      'Bitcast',
      [typeAttribute('T', 'uint8'), typeAttribute('type', 'int16')],
      [x],
      'output',
      'int16',
      x.shape.slice(0, -1),
    );
  }

  // Products. Operands are rounded to the precision's type, and products come in it: `operand` and
  // `wide` go between the two.

  /** As products take it: float32, or bfloat16 at that precision. */
  operand = (x: Tensor): Tensor => this.once(`operand ${x.id}`, () => this.cast(x, this.precision));
  wide = (x: Tensor): Tensor => this.cast(x, 'float32');

  /** [m, k] × [k, n], either side optionally stored transposed. */
  matmul(
    left: Tensor,
    right: Tensor,
    { transposeLeft = false, transposeRight = false }: Transposition = {},
  ): Tensor {
    const shape = productShape(left.shape, right.shape, transposeLeft, transposeRight);
    const transposition = [
      boolAttribute('transpose_a', transposeLeft),
      boolAttribute('transpose_b', transposeRight),
    ];
    return this.product(
      'MatMul',
      transposition,
      this.operand(left),
      this.operand(right),
      'product',
      shape,
    );
  }

  /**
   * The same in float32 whatever the precision, where rounding the operands would matter (power
   * spectra span 12 decades).
   */
  matmulFloat32(
    left: Tensor,
    right: Tensor,
    { transposeLeft = false, transposeRight = false }: Transposition = {},
  ): Tensor {
    const shape = productShape(left.shape, right.shape, transposeLeft, transposeRight);
    const transposition = [
      boolAttribute('transpose_a', transposeLeft),
      boolAttribute('transpose_b', transposeRight),
    ];
    return this.product('MatMul', transposition, left, right, 'product', shape);
  }

  /** As `matmul`, over leading batch dimensions. */
  batchMatmul(
    left: Tensor,
    right: Tensor,
    { transposeLeft = false, transposeRight = false }: Transposition = {},
  ): Tensor {
    const shape = productShape(left.shape, right.shape, transposeLeft, transposeRight);
    const transposition = [
      boolAttribute('adj_x', transposeLeft),
      boolAttribute('adj_y', transposeRight),
    ];
    return this.product(
      'BatchMatMulV2',
      transposition,
      this.operand(left),
      this.operand(right),
      'output',
      shape,
    );
  }

  private product(
    op: string,
    transposition: Attribute[],
    left: Tensor,
    right: Tensor,
    port: string,
    shape: Shape,
  ): Tensor {
    return this.one(
      op,
      [...transposition, typeAttribute('T', left.dtype)],
      [left, right],
      port,
      left.dtype,
      shape,
    );
  }

  /** Sums over all dimensions but the last. */
  columnSums(x: Tensor): Tensor {
    if (this.compilerFor([x]) !== undefined) {
      const axes = x.shape.slice(1).map((_, axis) => axis);
      return this.fused(
        [x],
        (ops, [inner]) => [ops.sum(ops.wide(inner as Tensor), axes)] as const,
      )[0];
    }
    const attributes = [T, stringAttribute('data_format', 'NHWC')];
    return this.one(
      'BiasAddGrad',
      attributes,
      [this.wide(x)],
      'output',
      'float32',
      x.shape.slice(-1),
    );
  }

  // Reductions.

  sum = (x: Tensor, axes: readonly number[], keepDimensions = false): Tensor =>
    this.reduce('Sum', x, axes, keepDimensions);
  mean = (x: Tensor, axes: readonly number[], keepDimensions = false): Tensor =>
    this.reduce('Mean', x, axes, keepDimensions);
  max = (x: Tensor, axes: readonly number[], keepDimensions = false): Tensor =>
    this.reduce('Max', x, axes, keepDimensions);

  private reduce(op: string, x: Tensor, axes: readonly number[], keepDimensions: boolean): Tensor {
    const reduced = new Set(axes.map((axis) => (axis + x.shape.length) % x.shape.length));
    const shape = x.shape.flatMap((extent, axis) =>
      !reduced.has(axis) ? [extent] : keepDimensions ? [1] : [],
    );
    const attributes = [
      T,
      typeAttribute('Tidx', 'int32'),
      boolAttribute('keep_dims', keepDimensions),
    ];
    return this.one(op, attributes, [x, this.indexes(...reduced)], 'output', 'float32', shape);
  }

  // Shapes.

  reshape(x: Tensor, ...shape: number[]): Tensor {
    if (elementCount(shape) !== elementCount(x.shape))
      throw new RangeError(`[${x.shape}] cannot become [${shape}]`);
    return this.one(
      'Reshape',
      [typeAttribute('T', x.dtype), typeAttribute('Tshape', 'int32')],
      [x, this.indexes(...this.withOpenRows(shape))],
      'output',
      x.dtype,
      shape,
    );
  }

  /** −1 stands for whatever the other extents leave over (`Reshape`), or for all (`Slice`). */
  private withOpenRows(shape: readonly number[]): readonly number[] {
    return this.anyRows && shape.length > 0 ? [-1, ...shape.slice(1)] : shape;
  }

  transpose(x: Tensor, ...order: number[]): Tensor {
    const shape = order.map((axis) => x.shape[axis] as number);
    const types = [typeAttribute('T', x.dtype), typeAttribute('Tperm', 'int32')];
    return this.one('Transpose', types, [x, this.indexes(...order)], 'y', x.dtype, shape);
  }

  slice(x: Tensor, begin: readonly number[], shape: readonly number[]): Tensor {
    if (shape.join() === x.shape.join()) return x;
    const extents = shape[0] === x.shape[0] ? this.withOpenRows(shape) : shape;
    const inputs = [x, this.indexes(...begin), this.indexes(...extents)];
    return this.one(
      'Slice',
      [typeAttribute('T', x.dtype), typeAttribute('Index', 'int32')],
      inputs,
      'output',
      x.dtype,
      shape,
    );
  }

  concat(parts: readonly Tensor[], axis: number): Tensor {
    const first = parts[0] as Tensor;
    const shape = first.shape.map((extent, index) =>
      index === axis ? parts.reduce((sum, part) => sum + (part.shape[axis] as number), 0) : extent,
    );
    return this.one(
      'ConcatV2',
      [intAttribute('N', parts.length), T, typeAttribute('Tidx', 'int32')],
      [...parts, this.axis(axis)],
      'output',
      'float32',
      shape,
    );
  }

  /** The slices along the first axis. */
  unstack(x: Tensor): Tensor[] {
    const [count = 0, ...shape] = x.shape;
    const outputs = Array.from({ length: count }, () => ({
      port: 'output',
      dtype: x.dtype,
      shape,
    }));
    return this.runner.run(
      'Unpack',
      [typeAttribute('T', x.dtype), intAttribute('num', count), intAttribute('axis', 0)],
      [x],
      outputs,
    );
  }

  /**
   * The rows of x [rows, …] in parts, in order; `sizes` int32 [parts] is known at run time, so the
   * number of rows in the shapes given here means nothing.
   */
  splitRows(x: Tensor, sizes: Tensor): Tensor[] {
    const [count = 0] = sizes.shape;
    const attributes = [
      intAttribute('num_split', count),
      typeAttribute('T', x.dtype),
      typeAttribute('Tlen', 'int32'),
    ];
    const output = { port: 'output', dtype: x.dtype, shape: x.shape };
    const outputs = Array.from({ length: count }, () => output);
    return this.runner.run('SplitV', attributes, [x, sizes, this.axis(0)], outputs);
  }

  private axis(axis: number): Tensor {
    return this.once(`s${axis}`, () => this.runner.constant(Int32Array.of(axis), [], 'int32'));
  }

  /** Tensors of one shape, along a new first axis. */
  stack(parts: readonly Tensor[]): Tensor {
    const { dtype, shape } = parts[0] as Tensor;
    const attributes = [
      typeAttribute('T', dtype),
      intAttribute('N', parts.length),
      intAttribute('axis', 0),
    ];
    return this.one('Pack', attributes, parts, 'output', dtype, [parts.length, ...shape]);
  }

  /** Zeros around; `padding` holds [before, after] per dimension. */
  padZeros(x: Tensor, padding: readonly (readonly [number, number])[]): Tensor {
    if (padding.flat().every((extent) => extent === 0)) return x;
    return this.one(
      'Pad',
      [T, typeAttribute('Tpaddings', 'int32')],
      [x, this.paddings(padding)],
      'output',
      'float32',
      padded(x.shape, padding),
    );
  }

  /** Mirrored around the first and last element, which are not repeated. */
  padReflected(x: Tensor, padding: readonly (readonly [number, number])[]): Tensor {
    const attributes = [T, typeAttribute('Tpaddings', 'int32'), stringAttribute('mode', 'REFLECT')];
    return this.one(
      'MirrorPad',
      attributes,
      [x, this.paddings(padding)],
      'output',
      'float32',
      padded(x.shape, padding),
    );
  }

  private paddings(padding: readonly (readonly [number, number])[]): Tensor {
    return this.once(`p${padding.join(';')}`, () =>
      this.runner.constant(Int32Array.from(padding.flat()), [padding.length, 2], 'int32'),
    );
  }

  reverse(x: Tensor, axis: number): Tensor {
    return this.one(
      'ReverseV2',
      [typeAttribute('Tidx', 'int32'), T],
      [x, this.indexes(axis)],
      'output',
      'float32',
      x.shape,
    );
  }

  /** The discrete Fourier transform over the last axis: [..., n] to complex [..., n / 2 + 1]. */
  realFourier(x: Tensor): Tensor {
    const length = x.shape.at(-1) as number;
    const types = [typeAttribute('Treal', 'float32'), typeAttribute('Tcomplex', 'complex64')];
    return this.one('RFFT', types, [x, this.indexes(length)], 'output', 'complex64', [
      ...x.shape.slice(0, -1),
      length / 2 + 1,
    ]);
  }

  real = (x: Tensor): Tensor => this.part('Real', x);
  imaginary = (x: Tensor): Tensor => this.part('Imag', x);

  private part(op: string, x: Tensor): Tensor {
    return this.one(
      op,
      [typeAttribute('T', 'complex64'), typeAttribute('Tout', 'float32')],
      [x],
      'output',
      'float32',
      x.shape,
    );
  }

  // Variables.

  readVariable(variable: Tensor, shape: Shape): Tensor {
    return this.one(
      'ReadVariableOp',
      [typeAttribute('dtype', 'float32')],
      [variable],
      'value',
      'float32',
      shape,
    );
  }

  assignVariable(variable: Tensor, value: Tensor): void {
    this.runner.run('AssignVariableOp', [typeAttribute('dtype', 'float32')], [variable, value], []);
  }

  subtractFromVariable(variable: Tensor, value: Tensor): void {
    this.runner.run(
      'AssignSubVariableOp',
      [typeAttribute('dtype', 'float32')],
      [variable, value],
      [],
    );
  }

  private unary(op: string, x: Tensor, port = 'y'): Tensor {
    return this.one(op, [T], [x], port, 'float32', x.shape);
  }

  private binary(op: string, a: Tensor, b: Tensor, dtype: DType = 'float32'): Tensor {
    return this.one(op, [T], [a, b], 'z', dtype, broadcastShapes(a.shape, b.shape));
  }

  private one(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    port: string,
    dtype: DType,
    shape: Shape,
  ): Tensor {
    return this.runner.run(op, attributes, inputs, [{ port, dtype, shape }])[0] as Tensor;
  }
}

function padded(shape: Shape, padding: readonly (readonly [number, number])[]): number[] {
  return shape.map(
    (extent, axis) => extent + (padding[axis]?.[0] ?? 0) + (padding[axis]?.[1] ?? 0),
  );
}

function productShape(
  left: Shape,
  right: Shape,
  transposeLeft: boolean,
  transposeRight: boolean,
): number[] {
  const [m, inner] = transposeLeft ? [left.at(-1), left.at(-2)] : [left.at(-2), left.at(-1)];
  const [k, n] = transposeRight ? [right.at(-1), right.at(-2)] : [right.at(-2), right.at(-1)];
  if (m === undefined || n === undefined || inner !== k)
    throw new RangeError(`[${left}] and [${right}] cannot be multiplied`);
  return [...left.slice(0, -2), m, n];
}
