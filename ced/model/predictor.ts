/**
 * A model in evaluation mode: audio or spectrograms to scores. Clips longer than the model's target length are cut into pieces of that length, the remainder at its own length,
 * and the pieces' predictions averaged by length. (The published code drops the last piece where it is full; here it counts. A remainder shorter than one patch is dropped.)
 */
import { hopSamples } from '../audio/frames';
import { logMel, pcmTensor } from '../audio/log-mel';
import type { Engine } from '../engine/engine';
import type { Ops, Precision } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { ArgumentSpec } from '../engine/tracer';
import type { ModelConfig } from './config';
import { initBnEvaluation } from './init-bn';
import type { ParameterSource } from './parameter-access';
import { parameterSpecs, type ParameterSpec } from './parameters';
import { applyMasks, masksTensor } from './spectrogram-masks';
import { transformer } from './transformer';
import type { Weights } from './weights';

export interface PredictionInput {
  /** [batch, samples] at 16 kHz. */
  readonly pcm: Int16Array;
  readonly batch: number;
  readonly samples: number;
  /** [batch, 4] as for training, null for none. */
  readonly masks: Int32Array | null;
}

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
    const { n_mels: mels } = this.config;
    const spec = { dtype: 'float32', shape: [batch, mels, frames] } as const;
    return this.call(`spectrogram ${spec.shape}`, [spec], [this.engine.tensor(spectrogram, spec.shape, 'float32')], 0, (ops, [input]) =>
      ops.transpose(input as Tensor, 0, 2, 1),
    );
  }

  dispose(): void {
    this.engine.free(...this.weights);
  }

  private predict({ pcm, batch, samples, masks }: PredictionInput, output: 0 | 1): Float32Array {
    const specs: ArgumentSpec[] = [{ dtype: 'uint8', shape: [batch, samples, 2] }];
    const inputs = [pcmTensor(this.engine, pcm, batch, samples)];
    if (masks !== null) {
      specs.push({ dtype: 'float32', shape: [batch, 4] });
      inputs.push(masksTensor(this.engine, masks, batch));
    }
    return this.call(`pcm ${batch} ${samples} ${masks !== null}`, specs, inputs, output, (ops, [bytes, spans]) => {
      const spectrogram = logMel(ops, bytes as Tensor, this.config.n_mels);
      return spans === undefined ? spectrogram : applyMasks(ops, spectrogram, spans);
    });
  }

  /** Frees `inputs`. */
  private call(
    what: string,
    specs: readonly ArgumentSpec[],
    inputs: readonly Tensor[],
    output: 0 | 1,
    spectrogram: (ops: Ops, inputs: readonly Tensor[]) => Tensor,
  ): Float32Array {
    const { id2label: _, ...shape } = this.config;
    const weightSpecs = this.specs.map((spec): ArgumentSpec => ({ dtype: 'float32', shape: spec.shape }));
    try {
      const traced = this.engine.define(
        `predict ${what} ${JSON.stringify([shape, this.options])}`,
        [...specs, ...weightSpecs],
        this.options.precision,
        (ops, args) => {
          const weights = new Map(this.specs.map(({ name }, index) => [name, args[specs.length + index] as Tensor]));
          const parameter: ParameterSource = (name) => weights.get(name) as Tensor;
          return evaluationScores(ops, this.config, spectrogram(ops, args.slice(0, specs.length)), parameter);
        },
      );
      const outputs = this.engine.call(traced, [...inputs, ...this.weights]);
      const scores = this.engine.read(outputs[output] as Tensor);
      this.engine.free(...outputs);
      return scores;
    } finally {
      this.engine.free(...inputs);
    }
  }
}

/** Log-odds and probabilities, each [batch, classes], of a spectrogram [batch, frames, mels] of any length. */
export function evaluationScores(ops: Ops, config: ModelConfig, spectrogram: Tensor, parameter: ParameterSource): [Tensor, Tensor] {
  const normalised = initBnEvaluation(ops, spectrogram, parameter).output;
  const [batch, frames, mels] = normalised.shape as [number, number, number];
  const pieces = pieceLengths(frames, config).map(({ start, length }) => {
    const piece = ops.slice(normalised, [0, start, 0], [batch, length, mels]);
    return { length, logits: transformer(ops, config, piece, parameter).logits };
  });
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  const average = (parts: readonly Tensor[]): Tensor =>
    parts.map((part, index) => ops.scale(part, (pieces[index]?.length ?? 0) / total)).reduce((sum, part) => ops.add(sum, part));
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return [first.logits, ops.sigmoid(first.logits)];
  // What is averaged is the model's output as published: logits where pooling is `logit`, else probabilities.
  if (config.pooling === 'logit') {
    const logits = average(pieces.map((piece) => piece.logits));
    return [logits, ops.sigmoid(logits)];
  }
  const probabilities = average(pieces.map((piece) => ops.sigmoid(piece.logits)));
  return [ops.subtract(ops.log(probabilities), ops.log1p(ops.negate(probabilities))), probabilities];
}

/** The spans of frames that are predicted one by one. */
export function pieceLengths(
  frames: number,
  { target_length: target, patch_size: patch }: ModelConfig,
): { start: number; length: number }[] {
  if (frames < patch) throw new RangeError(`${frames} frames (${(frames - 1) / 100} s) are shorter than one patch of ${patch}`);
  const pieces: { start: number; length: number }[] = [];
  for (let start = 0; frames - start >= patch; start += target) pieces.push({ start, length: Math.min(target, frames - start) });
  return pieces;
}

/** Samples of the shortest clip a model can score: one patch. */
export function shortestClipSamples({ patch_size: patch }: ModelConfig): number {
  return (patch - 1) * hopSamples;
}
