/**
 * Spectrograms of any length in ONNX: predicted in the pieces of `model/pieces.ts`, one after the
 * other, and averaged as `model/predictor.ts` does. A clip of one piece takes one turn of the loop.
 */
import type { ModelConfig } from '../model/config';
import type { EncoderGraph } from './encoder-graph';
import type { OnnxGraph, Value } from './onnx-graph';

export type ClipOutput = 'probabilities' | 'logits' | 'embedding';

/**
 * @param spectrogram in dB, [batch, frames, mels], of at least one patch
 * @param wanted what the graph computes
 * @returns probabilities and logits [batch, classes], embedding [batch, width]
 */
export function clipGraph(
  graph: OnnxGraph,
  encoder: EncoderGraph,
  config: ModelConfig,
  spectrogram: Value,
  wanted: readonly ClipOutput[],
): Partial<Record<ClipOutput, Value>> {
  const { pooling, outputdim: classes, embed_dim: width } = config;
  const spans = pieceSpans(graph, config, graph.extent(spectrogram, 1));
  const batch = graph.extent(spectrogram, 0);
  const zeros = (extent: number): Value =>
    graph.value('ConstantOfShape', [
      graph.value('Concat', [batch, graph.integers(extent)], { axis: 0 }),
    ]);
  // What is averaged is the model's output as published.
  const averaged = pooling === 'logit' ? 'logits' : 'probabilities';
  const embeds = wanted.includes('embedding');
  // Of one piece the logits are kept as they are: back from probabilities they lose digits.
  const keepsLogits = wanted.includes('logits') && averaged === 'probabilities';
  const [sum, ...others] = graph.loop(
    spans.count,
    [zeros(classes), ...(embeds ? [zeros(width)] : []), ...(keepsLogits ? [zeros(classes)] : [])],
    (run, [before, ...rest]) => {
      const { start, stop, share } = spans.of(run);
      const piece = graph.value('Slice', [spectrogram, start, stop, graph.integers(1)]);
      const scores = encoder.scores(piece);
      const added = (state: Value, value: Value): Value =>
        graph.value('Add', [state, graph.value('Mul', [value, share])]);
      return [
        added(before!, scores[averaged]()),
        ...(embeds ? [added(rest[0]!, scores.embedding())] : []),
        ...(keepsLogits ? [scores.logits()] : []),
      ];
    },
  ) as [Value, ...Value[]];
  const logits = (): Value => {
    if (averaged === 'logits') return sum;
    const isOne = graph.value('Equal', [spans.count, graph.integers(1)]);
    return graph.value('Where', [isOne, others.at(-1)!, encoder.logOdds(sum)]);
  };
  return {
    ...(wanted.includes('probabilities')
      ? { probabilities: averaged === 'logits' ? graph.value('Sigmoid', [sum]) : sum }
      : {}),
    ...(wanted.includes('logits') ? { logits: logits() } : {}),
    ...(embeds ? { embedding: others[0]! } : {}),
  };
}

interface PieceSpans {
  /** int64 [1] */
  readonly count: Value;
  /** Of a piece: first frame and the frame after the last, int64 [1]; float32 share [1]. */
  readonly of: (run: Value) => { start: Value; stop: Value; share: Value };
}

/** @param frames int64 [1] */
function pieceSpans(
  graph: OnnxGraph,
  { target_length: target, patch_size: patch }: ModelConfig,
  frames: Value,
): PieceSpans {
  const more = graph.value('Div', [
    graph.value('Sub', [frames, graph.integers(patch)]),
    graph.integers(target),
  ]);
  const count = graph.value('Add', [more, graph.integers(1)]);
  const float = (x: Value): Value => graph.value('Cast', [x], { to: 1 });
  const total = float(
    graph.value('Min', [frames, graph.value('Mul', [count, graph.integers(target)])]),
  );
  return {
    count,
    of: (run) => {
      const start = graph.value('Mul', [
        graph.value('Reshape', [run, graph.integers(1)]),
        graph.integers(target),
      ]);
      const stop = graph.value('Min', [
        graph.value('Add', [start, graph.integers(target)]),
        frames,
      ]);
      const length = float(graph.value('Sub', [stop, start]));
      return { start, stop, share: graph.value('Div', [length, total]) };
    },
  };
}
