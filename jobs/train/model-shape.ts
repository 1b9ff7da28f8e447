/** The CED configuration of a trained model: from the run file's `model`, or from `init`. */
import { frameCount, PATCH_FRAMES } from '../../ced/audio/frames';
import { MODEL_PRESETS, shapeDifferences, type ModelConfig } from '../../ced/model/config';
import {
  coveringLength,
  namesByOutput,
  transferFrom,
  type Transfer,
} from '../../ced/model/transfer';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { chunkSamples } from '../../storage/corpus/corpus-audio';
import { loadModel } from '../../storage/models/model-folder';
import type { Store } from '../../storage/store';
import type { TrainInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { ModelShape } from '../../workflows/contract/run-file-sections';

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
  const frames = frameCount(chunkSamples(chunkSeconds));
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

/** The checkpoint that a model starts from, and what it takes over. */
export interface Start {
  sha256: string;
  transfer: Transfer;
}

export interface StartingShape {
  config: ModelConfig;
  /** null without `init`. */
  start: Start | null;
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
  if (!init) return { config: wanted, start: null };
  const { config } = await loadModel(store, init.sha256);
  const differing = shapeDifferences(config, wanted);
  if (differing.length > 0)
    throw new PermanentError(
      'CheckpointIncompatible',
      `${settings.name}: init differs from model in ${differing.join(', ')}`,
    );
  const transfer = transferFrom(config, vocabulary, frameCount(chunkSamples(chunkSeconds)));
  return { config: transfer.config, start: { sha256: init.sha256, transfer } };
}
