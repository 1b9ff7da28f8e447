/** The CED configuration of a trained model: from the run file's `model`, or from `init`. */
import { frameCount, PATCH_FRAMES } from '../../ced/audio/frames';
import { MODEL_PRESETS, shapeDifferences, type ModelConfig } from '../../ced/model/config';
import { headRows, type HeadRows } from '../../ced/model/new-head';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
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

/** What a model starts from and what it becomes. */
export interface StartingShape {
  config: ModelConfig;
  /** Where the rows of a new head come from; null = the head of `init`, or no `init`. */
  head: HeadRows | null;
}

/**
 * The configuration of `init` if there is one, with the classes of this vocabulary.
 * @throws {PermanentError} if `init` has another shape than `model`
 */
export async function trainedConfig(
  store: Store,
  { settings, chunkSeconds, init }: TrainInput,
  vocabulary: Vocabulary,
): Promise<StartingShape> {
  const wanted = modelConfig(settings.model, chunkSeconds, vocabulary);
  if (!init) return { config: wanted, head: null };
  const { config } = await loadModel(store, init.sha256);
  const differing = shapeDifferences(config, wanted);
  if (differing.length > 0)
    throw new PermanentError(
      'CheckpointIncompatible',
      `${settings.name}: init differs from model in ${differing.join(', ')}`,
    );
  const { outputdim, id2label } = wanted;
  return {
    config: { ...config, outputdim, ...(id2label ? { id2label } : {}) },
    head: headRows(config, vocabulary),
  };
}
