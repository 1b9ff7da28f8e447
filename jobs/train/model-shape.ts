/** The CED configuration of a trained model: that of its `init`, or of the run file's `model`. */
import { frameCount } from '../../ced/audio/frames';
import { shapeDifferences, type ModelConfig } from '../../ced/model/config';
import { modelConfig } from '../../ced/model/shaped-config';
import { transferFrom, type Transfer } from '../../ced/model/transfer';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { chunkSamples } from '../../storage/corpus/corpus-audio';
import { loadModel } from '../../storage/models/model-folder';
import type { Store } from '../../storage/store';
import type { TrainInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';

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
