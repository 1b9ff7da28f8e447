/** The CED configuration of a trained model: from the run file's `model`, or from `init`. */
import { frameCount, PATCH_FRAMES } from '../../ced/audio/frames';
import { MODEL_PRESETS, type ModelConfig } from '../../ced/model/config';
import { chunkSamples } from '../../storage/corpus/corpus-audio';
import { loadModel } from '../../storage/models/model-folder';
import type { Store } from '../../storage/store';
import type { TrainInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
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

/**
 * The configuration of `init` if there is one, with the names of this vocabulary.
 * @throws {PermanentError} if `init` has another shape than `model`
 */
export async function trainedConfig(
  store: Store,
  { settings, chunkSeconds, init }: TrainInput,
  vocabulary: readonly { name: string }[],
): Promise<ModelConfig> {
  const wanted = modelConfig(settings.model, chunkSeconds, vocabulary);
  if (!init) return wanted;
  const { config } = await loadModel(store, init.sha256);
  const differing = (['embed_dim', 'depth', 'num_heads', 'outputdim'] as const)
    .filter((field) => config[field] !== wanted[field])
    .map((field) => `${field} (${config[field]}, not ${wanted[field]})`);
  if (differing.length > 0)
    throw new PermanentError(
      'CheckpointIncompatible',
      `${settings.name}: init differs from model in ${differing.join(', ')}`,
    );
  return { ...config, ...(wanted.id2label ? { id2label: wanted.id2label } : {}) };
}
