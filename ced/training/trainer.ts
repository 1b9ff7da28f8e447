/**
 * Trains one model: holds weights and optimizer state as TensorFlow variables and runs a whole step
 * (front end, masks, mixup, forward, backward, Adam, running statistics) as one traced function, or
 * as one for each part of a batch and one for the rest.
 * Only the loss comes back. A step depends on nothing but the state, the batch and the learning
 * rate, so a trainer restored from a snapshot continues bit for bit on an engine of the same kind.
 */
import { runCalls, runCallsLater } from '../engine/calls';
import type { Engine } from '../engine/engine';
import type { Group } from '../engine/group';
import type { ModelConfig } from '../model/config';
import type { Weights } from '../model/weights';
import { adamScalars } from './adam';
import { learningRateFactor } from './learning-rates';
import { MovingAverage } from './moving-average';
import { audioInput, spectrogramInput, type StepInput } from './step-input';
import { StepInParts } from './step-in-parts';
import { TracedStep } from './traced-step';
import { TrainingVariables, type Variable } from './training-variables';
import type { TrainingBatch } from './training-batch';
import { trainerOptions, type TrainerOptions } from './trainer-options';

export interface TrainerState {
  /** Running statistics included. */
  readonly weights: Weights;
  /** Of the parameters that are not frozen, like `adamV`. */
  readonly adamM: Weights;
  readonly adamV: Weights;
  /** The moving average of the weights; absent without `averaging: "ema"`. */
  readonly averages?: Weights;
  /** Steps taken. */
  readonly step: number;
}

/** The loss or a weight is not finite; going on or trying again changes nothing. */
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

export class Trainer {
  private readonly variables: TrainingVariables;
  private readonly traced: TracedStep;
  /** null for batches in one part. */
  private readonly inParts: StepInParts | null;
  /** null without `averaging: "ema"`. */
  private readonly average: MovingAverage | null;
  private stepsTaken: number;
  private ahead: { readonly batch: TrainingBatch; readonly input: StepInput } | null = null;
  private disposed = false;

  /** @param group that this process has joined @default null, alone */
  constructor(
    private readonly engine: Engine,
    private readonly config: ModelConfig,
    initial: TrainerState | Weights,
    settings: TrainerOptions,
    group: Group | null = null,
  ) {
    const state =
      'step' in initial ? initial : { weights: initial, adamM: null, adamV: null, step: 0 };
    this.stepsTaken = state.step;
    const options = trainerOptions(settings);
    if (group !== null && options.parts === 1)
      throw new RangeError('a group computes a batch in parts: it needs two or more');
    const { emaDecay } = options;
    const rateOf = (name: string): number => learningRateFactor(name, options, config.depth);
    this.variables = new TrainingVariables(engine, config, state, rateOf, emaDecay !== null);
    this.average = emaDecay === null ? null : new MovingAverage(engine, this.variables, emaDecay);
    this.traced = new TracedStep(engine, config, options, this.variables);
    this.inParts =
      options.parts > 1
        ? new StepInParts(engine, options, this.variables, this.traced, group)
        : null;
  }

  get steps(): number {
    return this.stepsTaken;
  }

  /** Rows of a batch of so many that this process computes: some of them in a group. */
  ownRows(batch: number): readonly number[] {
    return this.inParts?.ownRows(batch) ?? Array.from({ length: batch }, (_, row) => row);
  }

  /**
   * Copies a batch to the engine, so that the step that is given this object finds it there: a step
   * that runs meanwhile hides the copy to a GPU. At most one batch is ahead, and none of those in
   * parts, of which the engine holds one part at a time.
   */
  copyAhead(batch: TrainingBatch): void {
    if (this.disposed || this.inParts !== null) return;
    this.forgetAhead();
    this.ahead = { batch, input: this.input(batch) };
  }

  /**
   * Takes one optimizer step. Rows of `whole` that other members compute are not looked at.
   * @returns the loss before it
   * @throws {LossNotFinite} after which the trainer is of no further use
   * @throws {GroupLost} after which it is of none in this group
   */
  step(whole: TrainingBatch, learningRate: number): number {
    const scalars = this.scalars(learningRate);
    return this.finished(
      this.inParts === null
        ? this.traced.run(this.taken(whole), scalars)
        : runCalls(
            this.engine,
            this.inParts.calls(whole, (part) => this.input(part), scalars),
          ),
    );
  }

  /**
   * As `step`, on another thread, so that the caller can read the next batch meanwhile. Nothing
   * else may be asked of this trainer until the promise is settled.
   */
  async stepLater(whole: TrainingBatch, learningRate: number): Promise<number> {
    const scalars = this.scalars(learningRate);
    const running =
      this.inParts === null
        ? this.traced.runLater(this.taken(whole), scalars)
        : runCallsLater(
            this.engine,
            this.inParts.calls(whole, (part) => this.input(part), scalars),
          );
    return this.finished(await running);
  }

  /** As `step`, from log-mel spectrograms in dB, [batch, mels, frames], always in one part. */
  stepOnSpectrogram(
    spectrogram: Float32Array,
    batch: number,
    frames: number,
    targets: Float32Array,
    lambda: Float32Array | null,
    learningRate: number,
  ): number {
    const input = spectrogramInput(
      this.engine,
      spectrogram,
      [batch, this.config.n_mels, frames],
      targets,
      lambda,
    );
    return this.finished(this.traced.run(input, this.scalars(learningRate)));
  }

  /** A copy of the weights, running statistics included. @throws {LossNotFinite} */
  weights(): Weights {
    return this.finite(this.variables.values);
  }

  /**
   * A copy of what is validated and kept: the moving average of the weights, or without one the
   * weights. @throws {LossNotFinite}
   */
  weightsToKeep(): Weights {
    return this.average === null ? this.weights() : this.finite(this.variables.averages);
  }

  /** A copy of everything a step depends on. @throws {LossNotFinite} */
  snapshot(): TrainerState {
    const { firstMoments, secondMoments, averages } = this.variables;
    return {
      weights: this.weights(),
      adamM: this.variables.read(firstMoments),
      adamV: this.variables.read(secondMoments),
      ...(this.average === null ? {} : { averages: this.variables.read(averages) }),
      step: this.stepsTaken,
    };
  }

  dispose(): void {
    this.disposed = true;
    this.forgetAhead();
    this.variables.dispose();
  }

  private forgetAhead(): void {
    if (this.ahead !== null) this.engine.free(...this.ahead.input.tensors);
    this.ahead = null;
  }

  /** The input of a batch, ahead or not. */
  private taken(batch: TrainingBatch): StepInput {
    const { ahead } = this;
    if (ahead?.batch !== batch) return this.input(batch);
    this.ahead = null;
    return ahead.input;
  }

  private input(batch: TrainingBatch): StepInput {
    return audioInput(this.engine, this.config.n_mels, batch);
  }

  private scalars(learningRate: number): Float32Array {
    return adamScalars(this.stepsTaken + 1, learningRate);
  }

  private finished(loss: number): number {
    this.stepsTaken++;
    if (!Number.isFinite(loss)) throw new LossNotFinite(this.stepsTaken, `the loss is ${loss}`);
    this.average?.move(this.stepsTaken);
    return loss;
  }

  private finite(variables: readonly Variable[]): Weights {
    const weights = this.variables.read(variables);
    for (const [name, { data }] of weights)
      if (!data.every(Number.isFinite))
        throw new LossNotFinite(this.stepsTaken, `${name} is not finite`);
    return weights;
  }
}
