/**
 * Whether a model can start from a checkpoint, and what it takes over, found from the checkpoint's
 * configuration alone: before anything is spent.
 */
import { frameCount, hopSamples } from '../../ced/audio/frames';
import { sampleRate } from '../../ced/audio/mono16k';
import { MODEL_PRESETS, shapeDifferences, type ModelConfig } from '../../ced/model/config';
import { transferFrom } from '../../ced/model/transfer';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { chunkSamples } from '../../storage/corpus/corpus-audio';
import type { StartingCheckpoint } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { ModelShape } from '../../workflows/contract/run-file-sections';

/**
 * @param starting `model` absent: in histories of earlier versions
 * @param chunkSeconds absent: likewise
 * @returns a sentence for each thing that is not taken over whole, or not as the run file says
 * @throws {PermanentError} CheckpointIncompatible for an encoder of another shape than the model's
 */
export function startingNotes(
  config: ModelConfig,
  vocabulary: Vocabulary,
  { field, checkpoint: path, model }: StartingCheckpoint,
  chunkSeconds: number | undefined,
): string[] {
  const differing = model === undefined ? [] : shapeDifferences(config, encoderOf(model));
  if (differing.length > 0)
    throw new PermanentError(
      'CheckpointIncompatible',
      `${field}: ${path} differs from model in ${differing.join(', ')}`,
    );
  const frames = chunkSeconds === undefined ? 0 : frameCount(chunkSamples(chunkSeconds));
  const { head, classesTaken, positions } = transferFrom(config, vocabulary, frames);
  const notes: string[] = [];
  if (head)
    notes.push(
      `${path} has other classes: a new head is made, ${classesTaken} of its ${head.length} ` +
        'classes are taken over, the encoder whole',
    );
  else if (!config.id2label)
    notes.push(
      `${path} names no classes and has as many as the run: its head is taken over as it is`,
    );
  if (positions)
    notes.push(
      `${path} was made for at most ${seconds(config.target_length)} s: its ${positions.from} ` +
        `positions in time are interpolated to ${positions.to}`,
    );
  const kept = model === undefined ? [] : keptDespite(config, model);
  if (kept.length > 0)
    notes.push(`${path} has another ${kept.join(' and another ')} than model: it is kept`);
  return notes.map((note) => `${field}: ${note}`);
}

function encoderOf(model: ModelShape): Parameters<typeof shapeDifferences>[1] {
  if (typeof model === 'string') return MODEL_PRESETS[model];
  return { embed_dim: model.embedDim, depth: model.depth, num_heads: model.heads };
}

/** What the model has from the checkpoint, although the run file says other. */
function keptDespite({ mlp_ratio: ratio, pooling }: ModelConfig, model: ModelShape): string[] {
  const wanted =
    typeof model === 'string'
      ? { mlpRatio: MODEL_PRESETS[model].mlp_ratio, pooling: MODEL_PRESETS[model].pooling }
      : model;
  return [
    ...(ratio === wanted.mlpRatio ? [] : [`mlpRatio (${ratio}, not ${wanted.mlpRatio})`]),
    ...(pooling === wanted.pooling ? [] : [`pooling (${pooling}, not ${wanted.pooling})`]),
  ];
}

function seconds(frames: number): string {
  return ((frames * hopSamples) / sampleRate).toFixed(2);
}
