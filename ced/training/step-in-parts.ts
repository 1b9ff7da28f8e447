/**
 * A step of a batch in parts: the gradient of each part, their sum in the order of `GradientTree`,
 * then Adam once. Memory holds one part's activations, and one gradient for each level of the tree.
 * In a group each member computes some of the parts, and all take the same step.
 */
import type { RowRange } from '../engine/branches';
import type { Engine } from '../engine/engine';
import type { Group } from '../engine/group';
import type { Ops } from '../engine/ops';
import { elementCount, type Tensor } from '../engine/tensor';
import { specOf } from '../engine/tracer';
import { RUNNING_STATISTICS } from '../model/init-bn';
import { GradientExchange } from './gradient-exchange';
import { GradientTree } from './gradient-tree';
import { microBatches, microBatchRows } from './micro-batches';
import { optimize } from './optimizer';
import type { StepInput } from './step-input';
import { float, resource, type TracedStep } from './traced-step';
import type { CompleteOptions } from './trainer-options';
import type { TrainingBatch } from './training-batch';
import { readOnce, type TrainingVariables } from './training-variables';

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
   * Takes a step; `scalars` as from `adamScalars`. @returns the loss before it
   * @throws {GroupLost} before the optimizer's step
   */
  run(
    whole: TrainingBatch,
    inputOf: (part: TrainingBatch) => StepInput,
    scalars: Float32Array,
  ): number {
    const counts = microBatchRows(whole.batch, this.options.parts).map(({ length }) => length);
    const shares = counts.map((count) => count / whole.batch);
    const own = this.owned(counts.length);
    const tree = new GradientTree<Tensor>((left, right) => this.add(left, right));
    const rows = microBatches(whole, this.options.parts, own).map((part, at) => {
      const index = own.from + at;
      const { gradient, row } = this.traced.part(inputOf(part), shares[index] as number);
      tree.push({ level: 0, index, value: gradient });
      return row;
    });
    const { gradient, table } =
      this.exchange === null
        ? { gradient: tree.total(), table: this.stack(rows) }
        : this.exchange.run(
            counts.length,
            tree.sums().map(({ value }) => value),
            rows,
          );
    const loss = this.loss(table, shares);
    this.apply(gradient, table, scalars);
    return loss;
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

  /** Frees its arguments. */
  private add(left: Tensor, right: Tensor): Tensor {
    return this.merged(`add gradients ${left.shape}`, [left, right], (ops, [a, b]) =>
      ops.add(a as Tensor, b as Tensor),
    );
  }

  /** Frees its arguments. */
  private stack(rows: readonly Tensor[]): Tensor {
    const key = `stack parts ${rows.length} ${rows[0]?.shape}`;
    return this.merged(key, rows, (ops, given) => ops.stack(given));
  }

  /** One tensor of several, by the function of this key. Frees them. */
  private merged(
    key: string,
    tensors: readonly Tensor[],
    body: (ops: Ops, tensors: readonly Tensor[]) => Tensor,
  ): Tensor {
    const traced = this.engine.define(key, tensors.map(specOf), 'float32', (ops, given) => [
      body(ops, given),
    ]);
    const [result] = this.engine.call(traced, tensors) as [Tensor];
    this.engine.free(...tensors);
    return result;
  }

  /** The optimizer's step; running statistics move once a part, in order. Frees its arguments. */
  private apply(gradient: Tensor, table: Tensor, scalars: Float32Array): void {
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
    const outputs = this.engine.call(traced, [gradient, table, numbers, ...handles]);
    this.engine.free(gradient, table, numbers, ...outputs);
  }
}
