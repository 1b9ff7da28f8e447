/**
 * A whole step as one TensorFlow function: spectrogram, forward, backward, then Adam or a sum of
 * gradients. Traced once per model, options and shape of batch.
 */
import { branchCount, rowsIn } from '../engine/branches';
import type { Engine } from '../engine/engine';
import type { TracedFunction } from '../engine/function-registry';
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { ArgumentSpec } from '../engine/tracer';
import type { ModelConfig } from '../model/config';
import type { ParameterSource } from '../model/parameter-access';
import { adamUpdates, clipByGlobalNorm } from './adam';
import { backpropagate, type TrainingBranch } from './backpropagation';
import { accumulate } from './gradient-accumulation';
import { mirroredRanges } from './micro-batches';
import type { StepInput } from './step-input';
import {
  readOnce,
  type TrainingVariables,
  type Variable,
  type VariablesByName,
} from './training-variables';
import type { TrainerOptions } from './trainer-options';

/** What follows the gradients, the numbers it takes, and its variables besides the model's. */
export interface Ending {
  readonly kind: 'optimize' | 'accumulate';
  readonly scalars: Float32Array;
  readonly variables: readonly Variable[];
}

const resource: ArgumentSpec = { dtype: 'resource', shape: [] };
const float = (...shape: number[]): ArgumentSpec => ({ dtype: 'float32', shape });

export class TracedStep {
  constructor(
    private readonly engine: Engine,
    private readonly config: ModelConfig,
    private readonly options: Required<TrainerOptions>,
    private readonly variables: TrainingVariables,
  ) {}

  /** Frees the input. @returns the loss */
  run(input: StepInput, ending: Ending): number {
    const { batch, targets, lambda } = input;
    const classes = this.config.outputdim;
    if (targets.length !== batch * classes)
      throw new RangeError(`${targets.length} targets given for ${batch} × ${classes}`);
    const traced = this.trace(input, ending);
    const given = [
      ...input.tensors,
      this.engine.tensor(targets, [batch, classes], 'float32'),
      this.engine.tensor(ending.scalars, [ending.scalars.length], 'float32'),
      ...(lambda === null ? [] : [this.engine.tensor(lambda, [batch], 'float32')]),
    ];
    const outputs = this.engine.call(traced, [...given, ...this.handles(ending.variables)]);
    const loss = this.engine.read(outputs[0] as Tensor)[0] as number;
    this.engine.free(...given, ...outputs);
    return loss;
  }

  /** The second half of a step in parts, with an `optimize` ending. */
  optimizeFromSums({ scalars, variables: moments }: Ending): void {
    const { values, sums } = this.variables;
    const handles = this.handles([...moments, ...sums]);
    const traced = this.engine.define(
      this.key('train from sums'),
      [float(4), ...handles.map(() => resource)],
      'float32',
      (ops, args) => {
        const [numbers, ...all] = args as [Tensor, ...Tensor[]];
        const named = this.variables.byName(all);
        const gradients = sums.map(({ spec }, index) =>
          ops.readVariable(all[values.length + moments.length + index] as Tensor, spec.shape),
        );
        this.optimize(
          ops,
          numbers,
          gradients,
          readOnce(ops, named),
          named,
          all.slice(values.length, values.length + moments.length),
        );
        return [numbers];
      },
    );
    const input = this.engine.tensor(scalars, [4], 'float32');
    this.engine.free(input, ...this.engine.call(traced, [input, ...handles]));
  }

  /** The model's variables, then `others`. */
  private handles(others: readonly Variable[]): Tensor[] {
    return [...this.variables.values, ...others].map(({ handle }) => handle);
  }

  private key(kind: string): string {
    const { id2label: _, ...shape } = this.config;
    return JSON.stringify([kind, shape, this.options]);
  }

  private trace(input: StepInput, ending: Ending): TracedFunction {
    const { batch, lambda } = input;
    const specs = [
      ...input.specs,
      float(batch, this.config.outputdim),
      float(ending.scalars.length),
      ...(lambda === null ? [] : [float(batch)]),
    ];
    return this.engine.define(
      this.key(`train ${ending.kind} ${input.kind} ${batch} ${lambda !== null}`),
      [...specs, ...this.handles(ending.variables).map(() => resource)],
      this.options.precision,
      (ops, args) => {
        const [targets, scalars, lambda] = args.slice(input.specs.length, specs.length) as [
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
        return [this.step(ops, branches, scalars, args.slice(specs.length), ending.kind)];
      },
    );
  }

  /**
   * @param scalars of the ending
   * @param variables handles of the model's variables, then of the ending's
   * @returns the loss
   */
  private step(
    ops: Ops,
    branches: readonly TrainingBranch[],
    scalars: Tensor,
    variables: readonly Tensor[],
    ending: Ending['kind'],
  ): Tensor {
    const { values, firstMoments } = this.variables;
    const named = this.variables.byName(variables);
    const parameter = readOnce(ops, named);
    const { loss, gradients, running } = backpropagate(ops, this.config, branches, parameter);
    const ordered = firstMoments.map(({ spec }) => gradients.get(spec.name));
    const others = variables.slice(values.length);
    if (ending === 'optimize') this.optimize(ops, scalars, ordered, parameter, named, others);
    else accumulate(ops, scalars, ordered, others);
    for (const [name, value] of Object.entries(running))
      ops.assignVariable(named.get(name)?.handle as Tensor, value);
    return loss;
  }

  /** `gradients` and both halves of `moments` in the order of the trained parameters. */
  private optimize(
    ops: Ops,
    scalars: Tensor,
    gradients: readonly Tensor[],
    parameter: ParameterSource,
    values: VariablesByName,
    moments: readonly Tensor[],
  ): void {
    const { weightDecay, clipNorm } = this.options;
    const { firstMoments } = this.variables;
    const limited = clipNorm === null ? gradients : clipByGlobalNorm(ops, gradients, clipNorm);
    const updates = firstMoments.map(({ spec }, index) => ({
      gradient: limited[index] as Tensor,
      before: parameter(spec.name),
      variables: {
        value: values.get(spec.name)?.handle as Tensor,
        firstMoment: moments[index] as Tensor,
        secondMoment: moments[firstMoments.length + index] as Tensor,
      },
    }));
    adamUpdates(ops, scalars, updates, weightDecay);
  }
}
