/**
 * A model in evaluation mode: audio or spectrograms to scores. Clips longer than the model's target
 * length are cut into pieces of that length, the remainder at its own length, and the pieces'
 * predictions averaged by length. (The published code drops the last piece where it is full; here
 * it counts. A remainder shorter than one patch is dropped.)
 */
import { hopSamples } from '../audio/frames';
import type { Engine } from '../engine/engine';
import type { Ops, Precision } from '../engine/ops';
import type { Shape, Tensor } from '../engine/tensor';
import type { ArgumentSpec } from '../engine/tracer';
import type { ModelConfig } from './config';
import { FrontEnd, type PredictionInput } from './front-end';
import { initBnEvaluation } from './init-bn';
import type { ParameterSource } from './parameter-access';
import { parameterSpecs, type ParameterSpec } from './parameters';
import { transformer } from './transformer';
import type { Weights } from './weights';

/**
 * Batches of such sizes come often enough to be worth compiling; what is left at the end of a
 * corpus has any size.
 */
const COMPILED_BATCH = 8;

export class Predictor {
  private readonly specs: readonly ParameterSpec[];
  private readonly weights: readonly Tensor[];

  constructor(
    private readonly engine: Engine,
    readonly config: ModelConfig,
    weights: Weights,
    private readonly options: { readonly precision: Precision },
  ) {
    this.specs = parameterSpecs(config);
    this.weights = this.specs.map(({ name, shape }) => {
      const data = weights.get(name)?.data;
      if (data === undefined) throw new Error(`the weights lack ${name}`);
      return engine.tensor(data, shape, 'float32');
    });
  }

  /** [batch, classes] log-odds: σ of them are the probabilities. */
  logits(input: PredictionInput): Float32Array {
    return this.predict(input, 0);
  }

  /** [batch, classes] in [0, 1]. */
  probabilities(input: PredictionInput): Float32Array {
    return this.predict(input, 1);
  }

  /** Scores of log-mel spectrograms in dB, [batch, mels, frames]. */
  logitsOfSpectrogram(spectrogram: Float32Array, batch: number, frames: number): Float32Array {
    const spec = { dtype: 'float32', shape: [batch, this.config.n_mels, frames] } as const;
    const input = this.engine.tensor(spectrogram, spec.shape, 'float32');
    try {
      return this.score('mels first', input, 0, (ops, x) => ops.transpose(x, 0, 2, 1));
    } finally {
      this.engine.free(input);
    }
  }

  dispose(): void {
    this.engine.free(...this.weights);
    FrontEnd.of(this.engine).forget();
  }

  private predict(input: PredictionInput, output: 0 | 1): Float32Array {
    const spectrogram = FrontEnd.of(this.engine).hear(input, this.config.n_mels);
    return this.score('frames first', spectrogram, output, (_, x) => x);
  }

  private score(
    what: string,
    input: Tensor,
    output: 0 | 1,
    framesFirst: (ops: Ops, input: Tensor) => Tensor,
  ): Float32Array {
    const { id2label: _, ...model } = this.config;
    const key = (rows: number | 'any'): string =>
      `predict ${what} ${rows} ${input.shape.slice(1)} ${JSON.stringify([model, this.options])}`;
    const body = (ops: Ops, [spectrogram, ...values]: readonly Tensor[]): [Tensor, Tensor] => {
      const weights = new Map(this.specs.map(({ name }, index) => [name, values[index] as Tensor]));
      const parameter: ParameterSource = (name) => weights.get(name) as Tensor;
      return evaluationScores(ops, this.config, framesFirst(ops, spectrogram as Tensor), parameter);
    };
    const { precision } = this.options;
    const traced = this.isMetOften(input.shape)
      ? this.engine.define(
          key(input.shape[0] as number),
          [input, ...this.weights].map(specOf),
          precision,
          body,
        )
      : this.engine.defineForAnyRows(
          key('any'),
          [specOf(input)],
          this.weights.map(specOf),
          precision,
          body,
        );
    const outputs = this.engine.call(traced, [input, ...this.weights]);
    const scores = this.engine.read(outputs[output] as Tensor);
    this.engine.free(...outputs);
    return scores;
  }

  /**
   * Whole batches of clips about as long as the model was made for. The last clips of recordings
   * come in every length, and compiling for each would take longer than it saves.
   */
  private isMetOften([batch = 0, ...extents]: Shape): boolean {
    const { target_length: target, patch_size: patch } = this.config;
    return (
      batch % COMPILED_BATCH === 0 &&
      extents.some((extent) => extent <= target && extent > target - 2 * patch)
    );
  }
}

const specOf = ({ dtype, shape }: Tensor): ArgumentSpec => ({ dtype, shape });

/**
 * Log-odds and probabilities, each [batch, classes], of a spectrogram [batch, frames, mels] of any
 * length.
 */
export function evaluationScores(
  ops: Ops,
  config: ModelConfig,
  spectrogram: Tensor,
  parameter: ParameterSource,
): [Tensor, Tensor] {
  const normalised = initBnEvaluation(ops, spectrogram, parameter).output;
  const [batch, frames, mels] = normalised.shape as [number, number, number];
  const pieces = pieceLengths(frames, config).map(({ start, length }) => {
    const piece = ops.slice(normalised, [0, start, 0], [batch, length, mels]);
    return { length, logits: transformer(ops, config, piece, parameter).logits };
  });
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  const average = (parts: readonly Tensor[]): Tensor =>
    parts
      .map((part, index) => ops.scale(part, (pieces[index]?.length ?? 0) / total))
      .reduce((sum, part) => ops.add(sum, part));
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return [first.logits, ops.sigmoid(first.logits)];
  // What is averaged is the model's output as published: logits where pooling is `logit`, else
  // probabilities.
  if (config.pooling === 'logit') {
    const logits = average(pieces.map((piece) => piece.logits));
    return [logits, ops.sigmoid(logits)];
  }
  const probabilities = average(pieces.map((piece) => ops.sigmoid(piece.logits)));
  return [
    ops.subtract(ops.log(probabilities), ops.log1p(ops.negate(probabilities))),
    probabilities,
  ];
}

/** The spans of frames that are predicted one by one. */
export function pieceLengths(
  frames: number,
  { target_length: target, patch_size: patch }: ModelConfig,
): { start: number; length: number }[] {
  if (frames < patch)
    throw new RangeError(
      `${frames} frames (${(frames - 1) / 100} s) are shorter than one patch of ${patch}`,
    );
  const pieces: { start: number; length: number }[] = [];
  for (let start = 0; frames - start >= patch; start += target)
    pieces.push({ start, length: Math.min(target, frames - start) });
  return pieces;
}

/** Samples of the shortest clip a model can score: one patch. */
export function shortestClipSamples({ patch_size: patch }: ModelConfig): number {
  return (patch - 1) * hopSamples;
}
