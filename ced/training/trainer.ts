/**
 * Trains one model: holds weights and optimizer state as TensorFlow variables and runs a whole step (front end, masks, mixup, forward, backward, Adam,
 * running statistics) as one traced function. Only the loss comes back. A step depends on nothing but the state, the batch and the learning rate, so a trainer restored from a
 * snapshot continues bit for bit on an engine of the same kind.
 */
import type { Engine } from '../engine/engine';
import type { Ops, Precision } from '../engine/ops';
import type { Shape, Tensor } from '../engine/tensor';
import type { ArgumentSpec } from '../engine/tracer';
import { logMel, pcmTensor } from '../audio/log-mel';
import type { ModelConfig } from '../model/config';
import { parameterSpecs, type ParameterSpec } from '../model/parameters';
import { applyMasks, masksTensor } from '../model/spectrogram-masks';
import type { WeightTensor, Weights } from '../model/weights';
import { adamScalars, adamUpdates, clipByGlobalNorm } from './adam';
import { backpropagate } from './backpropagation';

export interface TrainingBatch {
  /** [batch, samples] at 16 kHz, already shifted. */
  readonly pcm: Int16Array;
  readonly batch: number;
  readonly samples: number;
  /** [batch, 4]: time start, time width (frames), frequency start, frequency width (mel bins). */
  readonly masks: Int32Array | null;
  /** [batch, classes] in [0, 1]. */
  readonly targets: Float32Array;
  /** [batch], mixup weight of the mirrored clip. */
  readonly lambda: Float32Array | null;
}

export interface TrainerState {
  /** Running statistics included. */
  readonly weights: Weights;
  readonly adamM: Weights;
  readonly adamV: Weights;
  /** Steps taken. */
  readonly step: number;
}

export interface TrainerOptions {
  readonly precision: Precision;
  /** Added to the gradient as weightDecay · weight, as `torch.optim.Adam` does. @default 0 */
  readonly weightDecay?: number;
  /** Largest joint norm of the gradients. @default no clipping */
  readonly clipNorm?: number;
}

/** Training has left the numbers; going on or trying again changes nothing. */
export class LossNotFinite extends Error {
  override readonly name = 'LossNotFinite';
  readonly code = 'LossNotFinite';
  constructor(
    readonly step: number,
    what: string,
  ) {
    super(`${what} after step ${step}: lower the learning rate or clip the gradients`);
  }
}

interface Variable {
  readonly spec: ParameterSpec;
  readonly handle: Tensor;
}

interface StepData {
  /** Names the kind and shape of the input. */
  readonly what: string;
  readonly batch: number;
  readonly specs: readonly ArgumentSpec[];
  readonly inputs: readonly Tensor[];
  readonly targets: Float32Array;
  readonly lambda: Float32Array | null;
  readonly learningRate: number;
}

const float = (...shape: number[]): ArgumentSpec => ({ dtype: 'float32', shape });

export class Trainer {
  private readonly values: Variable[];
  private readonly firstMoments: Variable[];
  private readonly secondMoments: Variable[];
  private stepsTaken: number;

  constructor(
    private readonly engine: Engine,
    private readonly config: ModelConfig,
    initial: TrainerState | Weights,
    private readonly options: TrainerOptions,
  ) {
    const state = 'step' in initial ? initial : { weights: initial, adamM: null, adamV: null, step: 0 };
    const specs = parameterSpecs(config);
    const trained = specs.filter((spec) => spec.trained);
    this.stepsTaken = state.step;
    this.values = this.variables(specs, state.weights);
    this.firstMoments = this.variables(trained, state.adamM);
    this.secondMoments = this.variables(trained, state.adamV);
  }

  get steps(): number {
    return this.stepsTaken;
  }

  /** Takes one optimizer step and gives the loss before it. Throws LossNotFinite, after which the trainer is of no further use. */
  step({ pcm, batch, samples, masks, targets, lambda }: TrainingBatch, learningRate: number): number {
    const specs: ArgumentSpec[] = [{ dtype: 'uint8', shape: [batch, samples, 2] }];
    const inputs = [pcmTensor(this.engine, pcm, batch, samples)];
    if (masks !== null) {
      specs.push({ dtype: 'float32', shape: [batch, 4] });
      inputs.push(masksTensor(this.engine, masks, batch));
    }
    return this.run(
      { what: `pcm ${samples} ${masks !== null}`, batch, specs, inputs, targets, lambda, learningRate },
      (ops, [bytes, spans]) => {
        const spectrogram = logMel(ops, bytes as Tensor, this.config.n_mels);
        return spans === undefined ? spectrogram : applyMasks(ops, spectrogram, spans);
      },
    );
  }

  /** The same from log-mel spectrograms in dB, [batch, mels, frames]. */
  stepOnSpectrogram(
    spectrogram: Float32Array,
    batch: number,
    frames: number,
    targets: Float32Array,
    lambda: Float32Array | null,
    learningRate: number,
  ): number {
    const spec = { dtype: 'float32', shape: [batch, this.config.n_mels, frames] } as const;
    const inputs = [this.engine.tensor(spectrogram, spec.shape, 'float32')];
    return this.run({ what: `spectrogram ${frames}`, batch, specs: [spec], inputs, targets, lambda, learningRate }, (ops, [input]) =>
      ops.transpose(input as Tensor, 0, 2, 1),
    );
  }

  /** A copy of everything a step depends on. Throws LossNotFinite rather than hand out weights that are not numbers. */
  snapshot(): TrainerState {
    const read = (variables: readonly Variable[]): Map<string, WeightTensor> =>
      new Map(variables.map(({ spec, handle }) => [spec.name, { shape: spec.shape, data: this.engine.readVariable(handle, spec.shape) }]));
    const weights = read(this.values);
    for (const [name, { data }] of weights)
      if (!data.every(Number.isFinite)) throw new LossNotFinite(this.stepsTaken, `${name} is not finite`);
    return { weights, adamM: read(this.firstMoments), adamV: read(this.secondMoments), step: this.stepsTaken };
  }

  dispose(): void {
    for (const handle of this.handles()) this.engine.freeVariable(handle);
  }

  private handles(): Tensor[] {
    return [...this.values, ...this.firstMoments, ...this.secondMoments].map(({ handle }) => handle);
  }

  private variables(specs: readonly ParameterSpec[], from: Weights | null): Variable[] {
    return specs.map((spec) => {
      const data = from === null ? new Float32Array(spec.shape.reduce((a, b) => a * b, 1)) : from.get(spec.name)?.data;
      if (data === undefined) throw new Error(`the trainer's state lacks ${spec.name}`);
      return { spec, handle: this.engine.variable(data, spec.shape) };
    });
  }

  /** Frees `inputs`. The function is traced once per process, model, options and shape of batch. */
  private run(data: StepData, describeSpectrogram: (ops: Ops, inputs: readonly Tensor[]) => Tensor): number {
    const { batch, targets, lambda } = data;
    const classes = this.config.outputdim;
    if (targets.length !== batch * classes) throw new RangeError(`${targets.length} targets given for ${batch} × ${classes}`);
    const step = this.stepsTaken + 1;
    const specs = [...data.specs, float(batch, classes), float(4), ...(lambda === null ? [] : [float(batch)])];
    const handles = this.handles();
    const { id2label: _, ...shape } = this.config;
    const key = `train ${JSON.stringify([data.what, batch, lambda !== null, shape, this.options])}`;
    const traced = this.engine.define(
      key,
      [...specs, ...handles.map((): ArgumentSpec => ({ dtype: 'resource', shape: [] }))],
      this.options.precision,
      (ops, args) => {
        const spectrogram = describeSpectrogram(ops, args.slice(0, data.specs.length));
        const [target, scalars, mix] = args.slice(data.specs.length, specs.length) as [Tensor, Tensor, Tensor?];
        return [this.describeStep(ops, spectrogram, target, scalars, mix ?? null, args.slice(specs.length))];
      },
    );
    const inputs = [
      ...data.inputs,
      this.engine.tensor(targets, [batch, classes], 'float32'),
      this.engine.tensor(adamScalars(step, data.learningRate), [4], 'float32'),
      ...(lambda === null ? [] : [this.engine.tensor(lambda, [batch], 'float32')]),
    ];
    const outputs = this.engine.call(traced, [...inputs, ...handles]);
    const loss = this.engine.read(outputs[0] as Tensor)[0] as number;
    this.engine.free(...inputs, ...outputs);
    this.stepsTaken = step;
    if (!Number.isFinite(loss)) throw new LossNotFinite(step, `the loss is ${loss}`);
    return loss;
  }

  /** `handles` as from `this.handles()`; gives the loss. */
  private describeStep(
    ops: Ops,
    spectrogram: Tensor,
    targets: Tensor,
    scalars: Tensor,
    lambda: Tensor | null,
    handles: readonly Tensor[],
  ): Tensor {
    const trained = this.firstMoments.map(({ spec }) => spec.name);
    const valueHandles = new Map(
      this.values.map(({ spec }, index) => [spec.name, { handle: handles[index] as Tensor, shape: spec.shape }]),
    );
    const parameter = readOnce(ops, valueHandles);
    const { loss, gradients, running } = backpropagate(ops, this.config, spectrogram, targets, lambda, parameter);

    const { weightDecay = 0, clipNorm } = this.options;
    const clipped = trained.map((name) => gradients.get(name));
    const limited = clipNorm === undefined ? clipped : clipByGlobalNorm(ops, clipped, clipNorm);
    const updates = trained.map((name, index) => {
      const gradient = limited[index] as Tensor;
      return {
        gradient: weightDecay === 0 ? gradient : ops.add(gradient, ops.scale(parameter(name), weightDecay)),
        variables: {
          value: valueHandles.get(name)?.handle as Tensor,
          firstMoment: handles[this.values.length + index] as Tensor,
          secondMoment: handles[this.values.length + trained.length + index] as Tensor,
        },
      };
    });
    adamUpdates(ops, scalars, updates);
    for (const [name, value] of Object.entries(running)) ops.assignVariable(valueHandles.get(name)?.handle as Tensor, value);
    return loss;
  }
}

/** Each variable is read once per step, before the optimizer writes it: a second read could see the new value. */
function readOnce(ops: Ops, variables: ReadonlyMap<string, { handle: Tensor; shape: Shape }>): (name: string) => Tensor {
  const values = new Map<string, Tensor>();
  return (name) => {
    let value = values.get(name);
    if (value === undefined) {
      const variable = variables.get(name);
      if (variable === undefined) throw new Error(`the model has no parameter ${name}`);
      values.set(name, (value = ops.readVariable(variable.handle, variable.shape)));
    }
    return value;
  };
}
