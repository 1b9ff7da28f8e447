/**
 * A model in evaluation mode: audio or spectrograms to scores. A clip's scores do not depend on the
 * others of its batch, but for the last bits: which kernels run depends on the number of rows.
 */
import { runBranchedCalls, runBranchedCallsLater, type BranchedCalls } from '../engine/calls';
import { wholeBranchRows, withRows } from '../engine/branches';
import type { Engine } from '../engine/engine';
import type { Ops, Precision } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import { specOf } from '../engine/tracer';
import type { ModelConfig } from './config';
import { FrontEnd } from './front-end';
import { initBnEvaluation } from './init-bn';
import type { ParameterSource } from './parameter-access';
import { parameterSource, parameterTensors } from './parameter-tensors';
import { groupByPieces, pieceLengths, type Piece, type PieceGroup } from './pieces';
import { inputRows, type PredictionInput } from './prediction-input';
import { transformer } from './transformer';
import type { Weights } from './weights';

export class Predictor {
  private readonly weights: readonly Tensor[];

  constructor(
    private readonly engine: Engine,
    readonly config: ModelConfig,
    weights: Weights,
    private readonly options: { readonly precision: Precision },
  ) {
    this.weights = parameterTensors(engine, config, weights);
  }

  /** [batch, classes] log-odds: σ of them are the probabilities. */
  logits(input: PredictionInput): Float32Array {
    return runBranchedCalls(this.engine, this.predict(input, 0));
  }

  /** [batch, classes] in [0, 1]. */
  probabilities(input: PredictionInput): Float32Array {
    return runBranchedCalls(this.engine, this.predict(input, 1));
  }

  /**
   * As `probabilities`, on another thread, so that the caller can read the next batch meanwhile.
   * Predictions follow one another.
   */
  async probabilitiesLater(input: PredictionInput): Promise<Float32Array> {
    return await runBranchedCallsLater(this.engine, this.predict(input, 1));
  }

  /** Scores of log-mel spectrograms in dB, [batch, mels, frames]. */
  logitsOfSpectrogram(spectrogram: Float32Array, batch: number, frames: number): Float32Array {
    const spec = { dtype: 'float32', shape: [batch, this.config.n_mels, frames] } as const;
    const input = this.engine.tensor(spectrogram, spec.shape, 'float32');
    try {
      const calls = this.score('mels first', [input], 0, (ops, [x]) => ({
        spectrogram: ops.transpose(x!, 0, 2, 1),
      }));
      return runBranchedCalls(this.engine, calls);
    } finally {
      this.engine.free(input);
    }
  }

  dispose(): void {
    this.engine.free(...this.weights);
    FrontEnd.of(this.engine).forget();
  }

  private *predict(input: PredictionInput, output: 0 | 1): BranchedCalls<Float32Array> {
    if (input.lengths === undefined) {
      const spectrogram = yield* FrontEnd.of(this.engine).logMelCalls(input, this.config.n_mels);
      return yield* this.score('frames first', [spectrogram], output, (_, [x]) => ({
        spectrogram: x!,
      }));
    }
    const groups = groupByPieces(input.lengths, this.config);
    const [first] = groups;
    if (groups.length === 1 && first !== undefined)
      return yield* this.predictGroup(input, first, output);
    const classes = this.config.outputdim;
    const scores = new Float32Array(input.batch * classes);
    for (const group of groups) {
      const own = yield* this.predictGroup(inputRows(input, group.rows), group, output);
      group.rows.forEach((row, at) =>
        scores.set(own.subarray(at * classes, (at + 1) * classes), row * classes),
      );
    }
    return scores;
  }

  private *predictGroup(
    input: PredictionInput,
    { spans, shares }: PieceGroup,
    output: 0 | 1,
  ): BranchedCalls<Float32Array> {
    const spectrogram = yield* FrontEnd.of(this.engine).logMelCalls(input, this.config.n_mels);
    const given = Float32Array.from(shares);
    const weights = this.engine.tensor(given, [input.batch, spans.length], 'float32');
    try {
      return yield* this.score(
        `frames of ${spans.map(({ length }) => length)}`,
        [spectrogram, weights],
        output,
        (_, [x, own]) => ({ spectrogram: x!, own: { spans, shares: own! } }),
      );
    } finally {
      this.engine.free(weights);
    }
  }

  /** @param inputs with `batch` rows each; `toModel` makes the model's input of them */
  private *score(
    what: string,
    inputs: readonly Tensor[],
    output: 0 | 1,
    toModel: (ops: Ops, inputs: readonly Tensor[]) => ModelInput,
  ): BranchedCalls<Float32Array> {
    const { id2label: _, ...model } = this.config;
    const extents = inputs.map(({ shape }) => shape.slice(1));
    const key = (rows: number | 'any'): string =>
      `predict ${what} ${rows} ${JSON.stringify([extents, model, this.options])}`;
    const body = (ops: Ops, args: readonly Tensor[]): [Tensor, Tensor] => {
      const parameter = parameterSource(this.config, args.slice(inputs.length));
      const { spectrogram, own } = toModel(ops, args.slice(0, inputs.length));
      return evaluationScores(ops, this.config, spectrogram, parameter, own);
    };
    const [rowSpecs, weightSpecs] = [inputs.map(specOf), this.weights.map(specOf)];
    const { precision } = this.options;
    const rows = wholeBranchRows(inputs[0]?.shape[0] ?? 0, this.engine.kind.device);
    const traced =
      rows !== null && this.isOfModelLength(inputs)
        ? this.engine.define(
            key(rows),
            [...rowSpecs.map((spec) => withRows(spec, rows)), ...weightSpecs],
            precision,
            body,
          )
        : this.engine.defineForAnyRows(key('any'), rowSpecs, weightSpecs, precision, body);
    const outputs = yield { traced, rowInputs: inputs, others: this.weights };
    const scores = this.engine.read(outputs[output] as Tensor);
    this.engine.free(...outputs);
    return scores;
  }

  /**
   * Whole batches of clips of one length, about as long as the model was made for. What else there
   * is comes in every length, and compiling for each would take longer than it saves.
   */
  private isOfModelLength([input, ...others]: readonly Tensor[]): boolean {
    if (others.length > 0) return false;
    const [, ...extents] = input?.shape ?? [];
    const { target_length: target, patch_size: patch } = this.config;
    return extents.some((extent) => extent <= target && extent > target - 2 * patch);
  }
}

/** See `evaluationScores`. */
interface ModelInput {
  readonly spectrogram: Tensor;
  readonly own?: { readonly spans: readonly Piece[]; readonly shares: Tensor };
}

/**
 * Log-odds and probabilities, each [batch, classes], of a spectrogram [batch, frames, mels] of any
 * length; or of clips of which the spectrogram holds more frames than their own.
 */
export function evaluationScores(
  ops: Ops,
  config: ModelConfig,
  spectrogram: Tensor,
  parameter: ParameterSource,
  own?: { readonly spans: readonly Piece[]; readonly shares: Tensor },
): [Tensor, Tensor] {
  const normalised = initBnEvaluation(ops, spectrogram, parameter).output;
  const [batch, frames, mels] = normalised.shape as [number, number, number];
  const pieces = own?.spans ?? pieceLengths(frames, config);
  const logits = pieces.map(({ start, length }) => {
    const piece = ops.slice(normalised, [0, start, 0], [batch, length, mels]);
    return transformer(ops, config, piece, parameter).logits;
  });
  const [only, ...others] = logits as [Tensor, ...Tensor[]];
  if (others.length === 0) return [only, ops.sigmoid(only)];
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  const weighted = (part: Tensor, index: number): Tensor =>
    own === undefined
      ? ops.scale(part, (pieces[index]?.length ?? 0) / total)
      : ops.multiply(part, ops.slice(own.shares, [0, index], [batch, 1]));
  const average = (parts: readonly Tensor[]): Tensor =>
    parts.map(weighted).reduce((sum, part) => ops.add(sum, part));
  // What is averaged is the model's output as published: logits where pooling is `logit`, else
  // probabilities.
  if (config.pooling === 'logit') {
    const mean = average(logits);
    return [mean, ops.sigmoid(mean)];
  }
  const probabilities = average(logits.map((each) => ops.sigmoid(each)));
  return [
    ops.subtract(ops.log(probabilities), ops.log1p(ops.negate(probabilities))),
    probabilities,
  ];
}
