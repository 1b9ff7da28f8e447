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
import { microBatches } from './micro-batches';

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
  /** Decoupled, of every trained parameter, as `torch.optim.AdamW`. @default 0 */
  readonly weightDecay?: number;
  /**
   * Micro-batches that a batch is computed in: memory of one part, gradient of the whole. Only batch norm sees the parts: each is normalised by its own statistics, and the running ones take
   * one update a part, as with PyTorch. @default 1
   */
  readonly gradientAccumulation?: number;
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
}

/** What a traced function does with the gradients, its numbers, and the variables it needs besides the model's. */
interface Ending {
  readonly kind: 'optimize' | 'accumulate';
  readonly scalars: Float32Array;
  readonly variables: readonly Variable[];
}

type SpectrogramOf = (ops: Ops, inputs: readonly Tensor[]) => Tensor;

type VariablesByName = ReadonlyMap<string, { handle: Tensor; shape: Shape }>;

const resource: ArgumentSpec = { dtype: 'resource', shape: [] };
const float = (...shape: number[]): ArgumentSpec => ({ dtype: 'float32', shape });

export class Trainer {
  private readonly values: Variable[];
  private readonly firstMoments: Variable[];
  private readonly secondMoments: Variable[];
  /** Gradients summed over micro-batches; empty without them, and of no account between steps. */
  private readonly sums: Variable[];
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
    this.sums = (options.gradientAccumulation ?? 1) > 1 ? this.variables(trained, null) : [];
  }

  get steps(): number {
    return this.stepsTaken;
  }

  /** Takes one optimizer step and gives the loss before it. Throws LossNotFinite, after which the trainer is of no further use. */
  step(whole: TrainingBatch, learningRate: number): number {
    const parts = this.sums.length === 0 ? [whole] : microBatches(whole, this.options.gradientAccumulation ?? 1);
    if (parts.length === 1 && this.sums.length === 0) {
      const { data, spectrogramOf } = this.heard(whole);
      return this.finished(this.run(data, spectrogramOf, this.optimizing(learningRate)));
    }
    let loss = 0;
    for (const [index, part] of parts.entries()) {
      const share = part.batch / whole.batch;
      const { data, spectrogramOf } = this.heard(part);
      const scalars = Float32Array.of(share, index === 0 ? 0 : 1);
      loss += share * this.run(data, spectrogramOf, { kind: 'accumulate', scalars, variables: this.sums });
    }
    this.optimizeFromSums(learningRate);
    return this.finished(loss);
  }

  private heard({ pcm, batch, samples, masks, targets, lambda }: TrainingBatch): { data: StepData; spectrogramOf: SpectrogramOf } {
    const specs: ArgumentSpec[] = [{ dtype: 'uint8', shape: [batch, samples, 2] }];
    const inputs = [pcmTensor(this.engine, pcm, batch, samples)];
    if (masks !== null) {
      specs.push({ dtype: 'float32', shape: [batch, 4] });
      inputs.push(masksTensor(this.engine, masks, batch));
    }
    const spectrogramOf: SpectrogramOf = (ops, [bytes, spans]) => {
      const spectrogram = logMel(ops, bytes as Tensor, this.config.n_mels);
      return spans === undefined ? spectrogram : applyMasks(ops, spectrogram, spans);
    };
    return { data: { what: `pcm ${samples} ${masks !== null}`, batch, specs, inputs, targets, lambda }, spectrogramOf };
  }

  /** The same from log-mel spectrograms in dB, [batch, mels, frames], always in one part. */
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
    const data = { what: `spectrogram ${frames}`, batch, specs: [spec], inputs, targets, lambda };
    const transposed: SpectrogramOf = (ops, [input]) => ops.transpose(input as Tensor, 0, 2, 1);
    return this.finished(this.run(data, transposed, this.optimizing(learningRate)));
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
    for (const { handle } of [...this.values, ...this.firstMoments, ...this.secondMoments, ...this.sums]) this.engine.freeVariable(handle);
  }

  private optimizing(learningRate: number): Ending {
    const scalars = adamScalars(this.stepsTaken + 1, learningRate);
    return { kind: 'optimize', scalars, variables: [...this.firstMoments, ...this.secondMoments] };
  }

  private finished(loss: number): number {
    this.stepsTaken++;
    if (!Number.isFinite(loss)) throw new LossNotFinite(this.stepsTaken, `the loss is ${loss}`);
    return loss;
  }

  private variables(specs: readonly ParameterSpec[], from: Weights | null): Variable[] {
    return specs.map((spec) => {
      const data = from === null ? new Float32Array(spec.shape.reduce((a, b) => a * b, 1)) : from.get(spec.name)?.data;
      if (data === undefined) throw new Error(`the trainer's state lacks ${spec.name}`);
      return { spec, handle: this.engine.variable(data, spec.shape) };
    });
  }

  /** Gives the loss and frees `inputs`. The function is traced once per process, model, options and shape of batch. */
  private run(data: StepData, spectrogramOf: SpectrogramOf, ending: Ending): number {
    const { batch, targets, lambda } = data;
    const classes = this.config.outputdim;
    if (targets.length !== batch * classes) throw new RangeError(`${targets.length} targets given for ${batch} × ${classes}`);
    const numbers = ending.scalars.length;
    const specs = [...data.specs, float(batch, classes), float(numbers), ...(lambda === null ? [] : [float(batch)])];
    const handles = [...this.values, ...ending.variables].map(({ handle }) => handle);
    const traced = this.engine.define(
      this.key(`train ${ending.kind} ${data.what} ${batch} ${lambda !== null}`),
      [...specs, ...handles.map(() => resource)],
      this.options.precision,
      (ops, args) => {
        const spectrogram = spectrogramOf(ops, args.slice(0, data.specs.length));
        const [target, scalars, mix] = args.slice(data.specs.length, specs.length) as [Tensor, Tensor, Tensor?];
        const variables = args.slice(specs.length);
        const values = this.byName(variables);
        const parameter = readOnce(ops, values);
        const { loss, gradients, running } = backpropagate(ops, this.config, spectrogram, target, mix ?? null, parameter);
        const ordered = this.firstMoments.map(({ spec }) => gradients.get(spec.name));
        const others = variables.slice(this.values.length);
        if (ending.kind === 'optimize') this.optimize(ops, scalars, ordered, parameter, values, others);
        else accumulate(ops, scalars, ordered, others);
        for (const [name, value] of Object.entries(running)) ops.assignVariable(values.get(name)?.handle as Tensor, value);
        return [loss];
      },
    );
    const inputs = [
      ...data.inputs,
      this.engine.tensor(targets, [batch, classes], 'float32'),
      this.engine.tensor(ending.scalars, [numbers], 'float32'),
      ...(lambda === null ? [] : [this.engine.tensor(lambda, [batch], 'float32')]),
    ];
    const outputs = this.engine.call(traced, [...inputs, ...handles]);
    const loss = this.engine.read(outputs[0] as Tensor)[0] as number;
    this.engine.free(...inputs, ...outputs);
    return loss;
  }

  /** The second half of a step in parts. */
  private optimizeFromSums(learningRate: number): void {
    const { scalars, variables } = this.optimizing(learningRate);
    const handles = [...this.values, ...variables, ...this.sums].map(({ handle }) => handle);
    const traced = this.engine.define(this.key('train from sums'), [float(4), ...handles.map(() => resource)], 'float32', (ops, args) => {
      const [numbers, ...all] = args as [Tensor, ...Tensor[]];
      const values = this.byName(all);
      const moments = all.slice(this.values.length, this.values.length + variables.length);
      const sums = all.slice(this.values.length + variables.length);
      const gradients = this.sums.map(({ spec }, index) => ops.readVariable(sums[index] as Tensor, spec.shape));
      this.optimize(ops, numbers, gradients, readOnce(ops, values), values, moments);
      return [numbers];
    });
    const input = this.engine.tensor(scalars, [4], 'float32');
    this.engine.free(input, ...this.engine.call(traced, [input, ...handles]));
  }

  private key(what: string): string {
    const { id2label: _, ...shape } = this.config;
    return JSON.stringify([what, shape, this.options]);
  }

  private byName(handles: readonly Tensor[]): VariablesByName {
    return new Map(this.values.map(({ spec }, index) => [spec.name, { handle: handles[index] as Tensor, shape: spec.shape }]));
  }

  /** `gradients` and both halves of `moments` in the order of the trained parameters. */
  private optimize(
    ops: Ops,
    scalars: Tensor,
    gradients: readonly Tensor[],
    parameter: (name: string) => Tensor,
    values: VariablesByName,
    moments: readonly Tensor[],
  ): void {
    const { weightDecay = 0, clipNorm } = this.options;
    const limited = clipNorm === undefined ? gradients : clipByGlobalNorm(ops, gradients, clipNorm);
    const updates = this.firstMoments.map(({ spec }, index) => ({
      gradient: limited[index] as Tensor,
      before: parameter(spec.name),
      variables: {
        value: values.get(spec.name)?.handle as Tensor,
        firstMoment: moments[index] as Tensor,
        secondMoment: moments[this.firstMoments.length + index] as Tensor,
      },
    }));
    adamUpdates(ops, scalars, updates, weightDecay);
  }
}

/** sum · keep + gradient · share, where `scalars` holds share and keep: 0 begins anew. */
function accumulate(ops: Ops, scalars: Tensor, gradients: readonly Tensor[], sums: readonly Tensor[]): void {
  const [share, keep] = ops.unstack(scalars) as [Tensor, Tensor];
  gradients.forEach((gradient, index) => {
    const sum = sums[index] as Tensor;
    const before = ops.readVariable(sum, gradient.shape);
    ops.assignVariable(sum, ops.add(ops.multiply(before, keep), ops.multiply(gradient, share)));
  });
}

/** Each variable is read once per step, before the optimizer writes it: a second read could see the new value. */
function readOnce(ops: Ops, variables: VariablesByName): (name: string) => Tensor {
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
