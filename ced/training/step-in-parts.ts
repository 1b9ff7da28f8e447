/**
 * A step of a batch in parts: the gradient of each part, their sum in the order of `GradientTree`,
 * then Adam once. Memory holds one part's activations, and one gradient for each level of the tree.
 * In a group each member computes some of the parts, and all take the same step.
 */
import type { RowRange } from '../engine/branches';
import type { Calls } from '../engine/calls';
import type { Engine } from '../engine/engine';
import type { Group } from '../engine/group';
import type { Ops } from '../engine/ops';
import { elementCount, type Tensor } from '../engine/tensor';
import { specOf } from '../engine/tracer';
import { RUNNING_STATISTICS } from '../model/init-bn';
import { GradientExchange, type BatchGradient } from './gradient-exchange';
import { GradientTree } from './gradient-tree';
import { microBatches, microBatchRows } from './micro-batches';
import { optimize } from './optimizer';
import type { StepInput } from './step-input';
import { float, resource, type TracedStep } from './traced-step';
import type { CompleteOptions } from './trainer-options';
import type { TrainingBatch } from './training-batch';
import { readOnce, type TrainingVariables } from './training-variables';

/** A gradient, or the two that it is yet to be the sum of. */
interface Sum {
  value: Tensor | readonly [Sum, Sum];
}

export class StepInParts {
  /** Elements of all trained parameters. */
  private readonly length: number;
  /** null for a process alone. */
  private readonly exchange: GradientExchange | null;

  constructor(
    private readonly engine: Engine,
    private readonly options: CompleteOptions,
    private readonly variables: TrainingVariables,
    private readonly traced: TracedStep,
    group: Group | null,
  ) {
    this.length = variables.firstMoments.reduce(
      (sum, { spec }) => sum + elementCount(spec.shape),
      0,
    );
    const statistics = variables.values.filter(({ spec }) =>
      RUNNING_STATISTICS.some((name) => name === spec.name),
    );
    const columns = statistics.reduce((sum, { spec }) => sum + elementCount(spec.shape), 1);
    this.exchange =
      group === null ? null : new GradientExchange(engine, group, this.length, columns);
  }

  /** Rows of a batch of so many that this process computes. */
  ownRows(batch: number): readonly number[] {
    const parts = microBatchRows(batch, this.options.parts);
    const { from, to } = this.owned(parts.length);
    return parts.slice(from, to).flat();
  }

  private owned(parts: number): RowRange {
    return this.exchange?.owned(parts) ?? { from: 0, to: parts };
  }

  /**
   * The calls of a step; `scalars` as from `adamScalars`. @returns the loss before it
   * @throws {GroupLost} before the optimizer's step
   */
  *calls(
    whole: TrainingBatch,
    inputOf: (part: TrainingBatch) => StepInput,
    scalars: Float32Array,
  ): Calls<number> {
    const counts = microBatchRows(whole.batch, this.options.parts).map(({ length }) => length);
    const shares = counts.map((count) => count / whole.batch);
    const own = this.owned(counts.length);
    const tree = new GradientTree<Sum>((left, right) => ({ value: [left, right] }));
    const rows: Tensor[] = [];
    for (const [at, part] of microBatches(whole, this.options.parts, own).entries()) {
      const index = own.from + at;
      const { gradient, row } = yield* this.traced.part(inputOf(part), shares[index] as number);
      tree.push({ level: 0, index, value: { value: gradient } });
      // Added at once, so that memory holds one gradient for each level.
      yield* this.added(tree.sums().at(-1)?.value as Sum);
      rows.push(row);
    }
    const { gradient, table } = yield* this.joined(counts.length, tree, rows);
    const loss = this.loss(table, shares);
    yield* this.apply(gradient, table, scalars);
    return loss;
  }

  /** Of the whole batch. @param tree with the parts of this process; @param rows of them */
  private *joined(
    parts: number,
    tree: GradientTree<Sum>,
    rows: readonly Tensor[],
  ): Calls<BatchGradient> {
    if (this.exchange === null)
      return { gradient: yield* this.added(tree.total()), table: yield* this.stack(rows) };
    const own: Tensor[] = [];
    for (const { value } of tree.sums()) own.push(yield* this.added(value));
    return yield* this.exchange.calls(parts, own, rows);
  }

  /** @param table rows of all parts, [parts, 2 · mels + 1] */
  private loss(table: Tensor, shares: readonly number[]): number {
    const values = this.engine.read(table);
    const columns = values.length / shares.length;
    return shares.reduce(
      (sum, share, part) => sum + share * (values[(part + 1) * columns - 1] as number),
      0,
    );
  }

  /** Adds what has yet to be added of a sum, and frees that. @returns its value */
  private *added(sum: Sum): Calls<Tensor> {
    if ('id' in sum.value) return sum.value;
    const [left, right] = sum.value;
    const both = [yield* this.added(left), yield* this.added(right)];
    const key = `add gradients ${both[0]?.shape}`;
    sum.value = yield* this.merged(key, both, (ops, [a, b]) => ops.add(a as Tensor, b as Tensor));
    return sum.value;
  }

  /** Frees its arguments. */
  private *stack(rows: readonly Tensor[]): Calls<Tensor> {
    const key = `stack parts ${rows.length} ${rows[0]?.shape}`;
    return yield* this.merged(key, rows, (ops, given) => ops.stack(given));
  }

  /** One tensor of several, by the function of this key. Frees them. */
  private *merged(
    key: string,
    tensors: readonly Tensor[],
    body: (ops: Ops, tensors: readonly Tensor[]) => Tensor,
  ): Calls<Tensor> {
    const traced = this.engine.define(key, tensors.map(specOf), 'float32', (ops, given) => [
      body(ops, given),
    ]);
    const [result] = (yield { traced, inputs: tensors }) as [Tensor];
    this.engine.free(...tensors);
    return result;
  }

  /** The optimizer's step; running statistics move once a part, in order. Frees its arguments. */
  private *apply(gradient: Tensor, table: Tensor, scalars: Float32Array): Calls<void> {
    const { values, moments } = this.variables;
    const handles = [...values, ...moments].map(({ handle }) => handle);
    const [parts = 0, columns = 0] = table.shape;
    const traced = this.engine.define(
      this.traced.key(`train from parts ${parts}`),
      [
        float(this.length),
        float(parts, columns),
        float(scalars.length),
        ...handles.map(() => resource),
      ],
      'float32',
      (ops, [flat, rows, numbers, ...given]) => {
        const named = this.variables.byName(given);
        const parameter = readOnce(ops, named);
        const optimized = { parameter, values: named, moments: given.slice(values.length) };
        const gradients = this.variables.split(ops, flat as Tensor);
        optimize(ops, this.options, this.variables, optimized, numbers as Tensor, gradients);
        const mels = (columns - 1) / RUNNING_STATISTICS.length;
        const ordered = ops.unstack(rows as Tensor);
        this.traced.moveStatistics(ops, optimized, (_name, at) =>
          ordered.map((row) => ops.slice(row, [at * mels], [mels])),
        );
        return [numbers as Tensor];
      },
    );
    const numbers = this.engine.tensor(scalars, [scalars.length], 'float32');
    const outputs = yield { traced, inputs: [gradient, table, numbers, ...handles] };
    this.engine.free(gradient, table, numbers, ...outputs);
  }
}
