/**
 * A whole step as a function in TensorFlow: spectrogram, forward, backward, and what is to happen
 * to the gradients. Traced once per process, model, options and shape of batch.
 */
import type { Engine } from '../engine/engine';
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { ArgumentSpec } from '../engine/tracer';
import type { ModelConfig } from '../model/config';
import type { ParameterSource } from '../model/parameter-access';
import { adamUpdates, clipByGlobalNorm } from './adam';
import { backpropagate } from './backpropagation';
import { accumulate } from './gradient-accumulation';
import type { StepInput } from './step-input';
import {
  readOnce,
  type TrainingVariables,
  type Variable,
  type VariablesByName,
} from './training-variables';
import type { TrainerOptions } from './trainer-options';

/**
 * What a traced function does with the gradients, its numbers, and the variables it needs besides
 * the model's.
 */
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
    private readonly options: TrainerOptions,
    private readonly variables: TrainingVariables,
  ) {}

  /** Gives the loss and frees the input. */
  run(input: StepInput, ending: Ending): number {
    const { batch, targets, lambda } = input;
    const classes = this.config.outputdim;
    if (targets.length !== batch * classes)
      throw new RangeError(`${targets.length} targets given for ${batch} × ${classes}`);
    const numbers = ending.scalars.length;
    const specs = [
      ...input.specs,
      float(batch, classes),
      float(numbers),
      ...(lambda === null ? [] : [float(batch)]),
    ];
    const { values, firstMoments } = this.variables;
    const handles = [...values, ...ending.variables].map(({ handle }) => handle);
    const traced = this.engine.define(
      this.key(`train ${ending.kind} ${input.what} ${batch} ${lambda !== null}`),
      [...specs, ...handles.map(() => resource)],
      this.options.precision,
      (ops, args) => {
        const spectrogram = input.spectrogramOf(ops, args.slice(0, input.specs.length));
        const [target, scalars, mix] = args.slice(input.specs.length, specs.length) as [
          Tensor,
          Tensor,
          Tensor?,
        ];
        const variables = args.slice(specs.length);
        const named = this.variables.byName(variables);
        const parameter = readOnce(ops, named);
        const { loss, gradients, running } = backpropagate(
          ops,
          this.config,
          spectrogram,
          target,
          mix ?? null,
          parameter,
        );
        const ordered = firstMoments.map(({ spec }) => gradients.get(spec.name));
        const others = variables.slice(values.length);
        if (ending.kind === 'optimize')
          this.optimize(ops, scalars, ordered, parameter, named, others);
        else accumulate(ops, scalars, ordered, others);
        for (const [name, value] of Object.entries(running))
          ops.assignVariable(named.get(name)?.handle as Tensor, value);
        return [loss];
      },
    );
    const given = [
      ...input.tensors,
      this.engine.tensor(targets, [batch, classes], 'float32'),
      this.engine.tensor(ending.scalars, [numbers], 'float32'),
      ...(lambda === null ? [] : [this.engine.tensor(lambda, [batch], 'float32')]),
    ];
    const outputs = this.engine.call(traced, [...given, ...handles]);
    const loss = this.engine.read(outputs[0] as Tensor)[0] as number;
    this.engine.free(...given, ...outputs);
    return loss;
  }

  /** The second half of a step in parts, with an `optimize` ending. */
  optimizeFromSums({ scalars, variables: moments }: Ending): void {
    const { values, sums } = this.variables;
    const handles = [...values, ...moments, ...sums].map(({ handle }) => handle);
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

  private key(what: string): string {
    const { id2label: _, ...shape } = this.config;
    return JSON.stringify([what, shape, this.options]);
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
    const { weightDecay = 0, clipNorm } = this.options;
    const { firstMoments } = this.variables;
    const limited = clipNorm === undefined ? gradients : clipByGlobalNorm(ops, gradients, clipNorm);
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
