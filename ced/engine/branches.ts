/**
 * How a batch is computed on several cores. On a CPU every kernel runs on one thread, and a batch
 * is cut into branches of rows, which TensorFlow's executor runs at once. How many there are
 * depends on the batch alone, so no bit of a result depends on the number of threads. A GPU takes
 * the whole batch in every kernel.
 */
import { functionAttribute, stringAttribute, typesAttribute } from './attributes';
import { Ops } from './ops';
import type { Tensor } from './tensor';
import { Tracer, type ArgumentSpec } from './tracer';

/** Rows [from, to) of a batch. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Large batches have branches of this many rows, until there are MOST_BRANCHES. */
const BRANCH_ROWS = 8;
const LEAST_BRANCHES = 2;
const MOST_BRANCHES = 8;

/** The number of branches of a batch that has at least as many rows. */
export function branchCount(rows: number, device: 'cpu' | 'gpu'): number {
  if (device === 'gpu') return 1;
  const count = Math.min(MOST_BRANCHES, Math.floor(rows / BRANCH_ROWS));
  return Math.min(rows, Math.max(LEAST_BRANCHES, count));
}

/** The rows of each branch of a prediction: equal shares, the earlier ones larger by one. */
export function branchSizes(rows: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, branch) => Math.ceil((rows - branch) / count));
}

/**
 * The rows of each branch of a batch of a common size, a multiple of BRANCH_ROWS: such batches come
 * often enough to compile for them. null for other batches, such as the last one of a corpus.
 */
export function wholeBranchRows(rows: number, device: 'cpu' | 'gpu'): number | null {
  const count = branchCount(rows, device);
  return rows % BRANCH_ROWS === 0 && rows % count === 0 ? rows / count : null;
}

/** The spec of some rows of an argument [batch, …]. */
export function withRows({ dtype, shape }: ArgumentSpec, rows: number): ArgumentSpec {
  return { dtype, shape: [rows, ...shape.slice(1)] };
}

/** These rows of `x` [batch, …], one after the other. */
export function rowsIn(ops: Ops, x: Tensor, ranges: readonly RowRange[]): Tensor {
  const rest = x.shape.slice(1);
  const zeros = rest.map(() => 0);
  const parts = ranges.map(({ from, to }) => ops.slice(x, [from, ...zeros], [to - from, ...rest]));
  return joinedRows(ops, parts);
}

/** `parts` [rows, …] one after the other. */
export function joinedRows(ops: Ops, parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? (parts[0] as Tensor) : ops.concat(parts, 0);
}

/**
 * A function that calls another one for each branch of its first `rowArguments` arguments, with the
 * other arguments as they are, and joins the outputs. Its last argument, int32 [count], holds the
 * rows of each branch.
 */
export function branchedDefinition(
  called: {
    readonly name: string;
    readonly arguments: readonly ArgumentSpec[];
    readonly outputs: readonly ArgumentSpec[];
  },
  rowArguments: number,
  count: number,
): { name: string; bytes: Uint8Array } {
  const sizesSpec: ArgumentSpec = { dtype: 'int32', shape: [count] };
  const tracer = new Tracer([...called.arguments, sizesSpec]);
  const ops = new Ops(tracer, 'float32');
  const given = tracer.arguments.slice(0, -1);
  const sizes = tracer.arguments.at(-1) as Tensor;
  const parts = given.slice(0, rowArguments).map((whole) => ops.splitRows(whole, sizes));
  const others = given.slice(rowArguments);
  const attributes = [
    typesAttribute(
      'Tin',
      called.arguments.map(({ dtype }) => dtype),
    ),
    typesAttribute(
      'Tout',
      called.outputs.map(({ dtype }) => dtype),
    ),
    functionAttribute('f', called.name),
    ...['config', 'config_proto', 'executor_type'].map((name) => stringAttribute(name, '')),
  ];
  const results = Array.from({ length: count }, (_, branch) =>
    tracer.run(
      'StatefulPartitionedCall',
      attributes,
      [...parts.map((own) => own[branch] as Tensor), ...others],
      called.outputs.map((spec) => ({ port: 'output', ...spec })),
    ),
  );
  const joined = called.outputs.map((_, index) =>
    joinedRows(
      ops,
      results.map((outputs) => outputs[index] as Tensor),
    ),
  );
  return tracer.definition('ced_branched', joined);
}
