/**
 * A model in evaluation mode: audio to what its head classifies, a vector of `embed_dim` numbers a
 * clip. Audio longer than the model's input is taken in pieces whose vectors are averaged by
 * length, as predictions are. The ONNX file's output `embedding` is the same.
 */
import type { Engine } from '../engine/engine';
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import { specOf } from '../engine/tracer';
import type { ModelConfig } from './config';
import { FrontEnd } from './front-end';
import { embeddingOf } from './head';
import { initBnEvaluation } from './init-bn';
import { parameterSource, parameterTensors } from './parameter-tensors';
import { groupByPieces, type PieceGroup } from './pieces';
import { transformer } from './transformer';
import type { Weights } from './weights';

export class Embedder {
  private readonly weights: readonly Tensor[];

  constructor(
    private readonly engine: Engine,
    readonly config: ModelConfig,
    weights: Weights,
  ) {
    this.weights = parameterTensors(engine, config, weights);
  }

  /**
   * @param pcm int16 [batch, samples] at 16 kHz
   * @returns float32 [batch, embed_dim]
   * @throws RangeError when the clips are shorter than one patch
   */
  embeddings(pcm: Int16Array, batch: number): Float32Array {
    const samples = pcm.length / batch;
    const lengths = new Int32Array(batch).fill(samples);
    // Clips of one length have one group.
    const [group] = groupByPieces(lengths, this.config) as [PieceGroup];
    const input = { pcm, batch, samples, lengths, masks: null };
    const spectrogram = FrontEnd.of(this.engine).logMel(input, this.config.n_mels);
    const shape = [batch, group.spans.length];
    const shares = this.engine.tensor(Float32Array.from(group.shares), shape, 'float32');
    try {
      return this.embed([spectrogram, shares], group.spans);
    } finally {
      this.engine.free(shares);
    }
  }

  dispose(): void {
    this.engine.free(...this.weights);
    FrontEnd.of(this.engine).forget();
  }

  /** @param inputs spectrogram [batch, frames, mels] and shares [batch, spans] */
  private embed(inputs: readonly Tensor[], spans: PieceGroup['spans']): Float32Array {
    const { id2label: _, ...model } = this.config;
    const extents = inputs.map(({ shape }) => shape.slice(1));
    const traced = this.engine.defineForAnyRows(
      `embed ${JSON.stringify([extents, spans, model])}`,
      inputs.map(specOf),
      this.weights.map(specOf),
      'float32',
      (ops, args) => [
        embedding(ops, this.config, args[0]!, args[1]!, spans, args.slice(inputs.length)),
      ],
    );
    const outputs = this.engine.callInBranches(traced, inputs, this.weights);
    const vectors = this.engine.read(outputs[0] as Tensor);
    this.engine.free(...outputs);
    return vectors;
  }
}

/** [batch, embed_dim] */
function embedding(
  ops: Ops,
  config: ModelConfig,
  spectrogram: Tensor,
  shares: Tensor,
  spans: PieceGroup['spans'],
  weights: readonly Tensor[],
): Tensor {
  const parameter = parameterSource(config, weights);
  const normalised = initBnEvaluation(ops, spectrogram, parameter).output;
  const [batch, , mels] = normalised.shape as [number, number, number];
  const parts = spans.map(({ start, length }, index) => {
    const piece = ops.slice(normalised, [0, start, 0], [batch, length, mels]);
    const { head, embedding: shape } = transformer(ops, config, piece, parameter);
    const share = ops.slice(shares, [0, index], [batch, 1]);
    return ops.multiply(embeddingOf(ops, config, head, shape, parameter), share);
  });
  return parts.reduce((sum, part) => ops.add(sum, part));
}
