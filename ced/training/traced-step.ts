/**
 * A whole step, or the gradients of a part of a batch, as one TensorFlow function: spectrogram,
 * forward, backward, and for a whole step Adam. Traced once per model, options and shape of batch.
 */
import { branchCount, rowsIn } from '../engine/branches';
import type { Calls } from '../engine/calls';
import type { Engine } from '../engine/engine';
import type { TracedFunction } from '../engine/function-registry';
import type { Ops } from '../engine/ops';
import { elementCount, type Tensor } from '../engine/tensor';
import type { ArgumentSpec } from '../engine/tracer';
import type { ModelConfig } from '../model/config';
import { movedStatistic, RUNNING_STATISTICS, type RunningStatistics } from '../model/init-bn';
import { backpropagate, type Backpropagation } from './backpropagation';
import { lowestTrainedLayer } from './learning-rates';
import { mirroredRanges } from './micro-batches';
import { optimize, type OptimizedVariables } from './optimizer';
import type { StepInput } from './step-input';
import type { CompleteOptions } from './trainer-options';
import { readOnce, type TrainingVariables, type Variable } from './training-variables';

/** The gradients of a part of a batch, and what else of it the step needs. */
export interface PartGradient {
  /** Weighed by the part's share of the batch; all trained parameters in their order, flat. */
  readonly gradient: Tensor;
  /** Shares of the running statistics [2 · mels], then the loss [1]. */
  readonly row: Tensor;
}

interface TracedGradients extends Backpropagation, OptimizedVariables {
  readonly numbers: Tensor;
}

/** What a traced function makes of the gradients: its outputs. */
type Ending = (ops: Ops, of: TracedGradients) => Tensor[];

/** A function and its arguments: tensors that the caller frees, then handles of variables. */
interface PreparedStep {
  readonly traced: TracedFunction;
  readonly given: readonly Tensor[];
  readonly handles: readonly Tensor[];
}

export const resource: ArgumentSpec = { dtype: 'resource', shape: [] };
export const float = (...shape: number[]): ArgumentSpec => ({ dtype: 'float32', shape });

export class TracedStep {
  /** The layer down to which gradients are needed; above 0 `init_bn` is frozen. */
  private readonly lowest: number;

  constructor(
    private readonly engine: Engine,
    private readonly config: ModelConfig,
    private readonly options: CompleteOptions,
    private readonly variables: TrainingVariables,
  ) {
    this.lowest = lowestTrainedLayer(options.train, config.depth);
  }

  /** Takes a step; `scalars` as from `adamScalars`. Frees the input. @returns the loss */
  run(input: StepInput, scalars: Float32Array): number {
    const { traced, given, handles } = this.wholeStep(input, scalars);
    const outputs = this.engine.call(traced, [...given, ...handles]);
    this.engine.free(...given);
    return this.lossOf(outputs);
  }

  /** As `run`, on another thread; see `Engine.callLater`. */
  async runLater(input: StepInput, scalars: Float32Array): Promise<number> {
    const { traced, given, handles } = this.wholeStep(input, scalars);
    const running = this.engine.callLater(traced, [...given, ...handles]);
    this.engine.free(...given);
    return this.lossOf(await running);
  }

  /** @param share of the batch that the part is. Frees the input; the caller frees the outputs */
  *part(input: StepInput, share: number): Calls<PartGradient> {
    const ending: Ending = (ops, { numbers, loss, gradients, shares }) => {
      const flat = this.variables.firstMoments.map(({ spec }) =>
        ops.reshape(gradients.get(spec.name), elementCount(spec.shape)),
      );
      const row = [...RUNNING_STATISTICS.map((name) => shares[name]), ops.reshape(loss, 1)];
      return [ops.multiply(ops.concat(flat, 0), numbers), ops.concat(row, 0)];
    };
    const numbers = Float32Array.of(share);
    const { values } = this.variables;
    const { traced, given, handles } = this.prepared('part', input, numbers, values, ending);
    try {
      const [gradient, row] = (yield { traced, inputs: [...given, ...handles] }) as [
        Tensor,
        Tensor,
      ];
      return { gradient, row };
    } finally {
      this.engine.free(...given);
    }
  }

  /** Names everything that a function of this model and its options depends on. */
  key(kind: string): string {
    const { id2label: _, ...shape } = this.config;
    return JSON.stringify([kind, shape, this.options]);
  }

  /**
   * Moves the running statistics once for each part of a batch, in order. They stay where `init_bn`
   * is frozen.
   * @param sharesOf what the parts add to one of them
   */
  moveStatistics(
    ops: Ops,
    { parameter, values }: OptimizedVariables,
    sharesOf: (name: keyof RunningStatistics, index: number) => readonly Tensor[],
  ): void {
    if (this.lowest > 0) return;
    for (const [index, name] of RUNNING_STATISTICS.entries()) {
      const moved = sharesOf(name, index).reduce(
        (before, share) => movedStatistic(ops, before, share),
        parameter(name),
      );
      ops.assignVariable(values.get(name)?.handle as Tensor, moved);
    }
  }

  private wholeStep(input: StepInput, scalars: Float32Array): PreparedStep {
    const { values, moments, firstMoments } = this.variables;
    const ending: Ending = (ops, { numbers, loss, gradients, shares, ...optimized }) => {
      const ordered = firstMoments.map(({ spec }) => gradients.get(spec.name));
      optimize(ops, this.options, this.variables, optimized, numbers, ordered);
      this.moveStatistics(ops, optimized, (name) => [shares[name]]);
      return [loss];
    };
    return this.prepared('optimize', input, scalars, [...values, ...moments], ending);
  }

  /** Frees the outputs. */
  private lossOf(outputs: readonly Tensor[]): number {
    const loss = this.engine.read(outputs[0] as Tensor)[0] as number;
    this.engine.free(...outputs);
    return loss;
  }

  private prepared(
    kind: string,
    input: StepInput,
    numbers: Float32Array,
    variables: readonly Variable[],
    ending: Ending,
  ): PreparedStep {
    const { batch, targets, lambda } = input;
    const classes = this.config.outputdim;
    if (targets.length !== batch * classes)
      throw new RangeError(`${targets.length} targets given for ${batch} × ${classes}`);
    const handles = variables.map(({ handle }) => handle);
    const traced = this.trace(kind, input, numbers.length, handles.length, ending);
    const given = [
      ...input.tensors,
      this.engine.tensor(targets, [batch, classes], 'float32'),
      this.engine.tensor(numbers, [numbers.length], 'float32'),
      ...(lambda === null ? [] : [this.engine.tensor(lambda, [batch], 'float32')]),
    ];
    return { traced, given, handles };
  }

  private trace(
    kind: string,
    input: StepInput,
    numberCount: number,
    handleCount: number,
    ending: Ending,
  ): TracedFunction {
    const { batch, lambda } = input;
    const specs = [
      ...input.specs,
      float(batch, this.config.outputdim),
      float(numberCount),
      ...(lambda === null ? [] : [float(batch)]),
    ];
    return this.engine.define(
      this.key(`train ${kind} ${input.kind} ${batch} ${lambda !== null}`),
      [...specs, ...Array.from({ length: handleCount }, () => resource)],
      this.options.precision,
      (ops, args) => {
        const [targets, numbers, lambda] = args.slice(input.specs.length, specs.length) as [
          Tensor,
          Tensor,
          Tensor?,
        ];
        const branches = mirroredRanges(batch, branchCount(batch, this.engine.kind.device)).map(
          (rows) => ({
            spectrogram: input.spectrogramOf(ops, args.slice(0, input.specs.length), rows),
            targets: rowsIn(ops, targets, rows),
            lambda: lambda === undefined ? null : rowsIn(ops, lambda, rows),
          }),
        );
        const handles = args.slice(specs.length);
        const values = this.variables.byName(handles);
        const parameter = readOnce(ops, values);
        const moments = handles.slice(this.variables.values.length);
        const propagated = backpropagate(ops, this.config, branches, parameter, this.lowest);
        return ending(ops, { ...propagated, parameter, values, moments, numbers });
      },
    );
  }
}
