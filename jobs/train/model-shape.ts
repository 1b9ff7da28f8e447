/** From the run file's `model` to a CED configuration. */
import { frameCount, PATCH_FRAMES } from '../../ced/audio/frames';
import { MODEL_PRESETS, type ModelConfig } from '../../ced/model/config';
import { chunkSamples } from '../../storage/corpus/corpus-audio';
import type { ModelShape } from '../../workflows/contract/run-file-sections';

/**
 * Position embeddings cover the longest chunk, rounded up to whole patches, or the published 1012
 * frames for the published sizes.
 */
export function modelConfig(
  shape: ModelShape,
  chunkSeconds: number,
  vocabulary: readonly { name: string }[],
): ModelConfig {
  const outputdim = vocabulary.length;
  const id2label = Object.fromEntries(vocabulary.map(({ name }, index) => [String(index), name]));
  if (typeof shape === 'string') return { ...MODEL_PRESETS[shape], outputdim, id2label };
  const frames = frameCount(chunkSamples(chunkSeconds));
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
