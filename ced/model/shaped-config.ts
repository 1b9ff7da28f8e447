/** The CED configuration of a new model, from the shape that a run file states. */
import { frameCount, PATCH_FRAMES } from '../audio/frames';
import { sampleRate } from '../audio/mono16k';
import { MODEL_PRESETS, type ModelConfig } from './config';
import { coveringLength, namesByOutput } from './transfer';

/** A published size, or a shape of one's own. */
export type ModelShape =
  | keyof typeof MODEL_PRESETS
  | {
      embedDim: number;
      depth: number;
      heads: number;
      mlpRatio: number;
      pooling: ModelConfig['pooling'];
    };

/**
 * Position embeddings cover the longest chunk, rounded up to whole patches; for the published sizes
 * no less than the published 1012 frames.
 */
export function modelConfig(
  shape: ModelShape,
  chunkSeconds: number,
  vocabulary: readonly { name: string }[],
): ModelConfig {
  const outputdim = vocabulary.length;
  const id2label = namesByOutput(vocabulary);
  const frames = frameCount(Math.round(chunkSeconds * sampleRate));
  if (typeof shape === 'string') {
    const preset = MODEL_PRESETS[shape];
    return { ...preset, target_length: coveringLength(preset, frames), outputdim, id2label };
  }
  return {
    ...MODEL_PRESETS.tiny,
    embed_dim: shape.embedDim,
    depth: shape.depth,
    num_heads: shape.heads,
    mlp_ratio: shape.mlpRatio,
    pooling: shape.pooling,
    target_length: Math.ceil(frames / PATCH_FRAMES) * PATCH_FRAMES,
    outputdim,
    id2label,
  };
}
