/**
 * The hash of everything that determines a student's bytes on one kind of machine. It names the
 * folder of the checkpoints, so an unfinished or finished training is found by its inputs.
 */
import type { ModelConfig } from '../../ced/model/config';
import type { HeadRows } from '../../ced/model/new-head';
import type { TrainInput } from '../../workflows/contract/activities';
import { trainerOptions } from '../../ced/training/trainer-options';
import { canonicalJson } from '../../ced/canonical-json';
import { sha256 } from '../../storage/store';

export interface TrainingContent {
  config: ModelConfig;
  /** Only of a new head on a checkpoint: keys of other trainings stay as they were. */
  head?: HeadRows;
  trainContentSha256: string;
  validationContentSha256: string | null;
  /** SHA-256 of each logit shard; null when learning from labels. */
  logitShards: string[] | null;
  /**
   * Only where validation without labels is compared with the targets of training, of which some
   * classes are filled in: earlier versions compared with the ensemble's scores of all classes.
   * Keys of other trainings stay as they were.
   */
  comparedWith?: 'stored targets';
  /** Only where a teacher says nothing of clips of such a validation: their numbers. */
  unscored?: readonly number[];
}

export function trainingKey(input: TrainInput, content: TrainingContent): string {
  const {
    name: _name,
    model: _model,
    init: _init,
    checkpointSeconds: _checkpointSeconds,
    parts: _parts,
    gradientAccumulation: _gradientAccumulation,
    workers: _workers,
    train: _train,
    headLearningRateFactor: _headLearningRateFactor,
    layerDecay: _layerDecay,
    averaging: _averaging,
    emaDecay: _emaDecay,
    ...settings
  } = input.settings;
  const { parts, train, headLearningRateFactor, layerDecay, emaDecay } = trainerOptions(
    input.settings,
  );
  const stated = {
    // Under their earlier name. Whole batches keep the key of versions that had no parts.
    ...(parts === 1 ? {} : { gradientAccumulation: parts }),
    ...(train === 'all' ? {} : { train }),
    ...(headLearningRateFactor === 1 ? {} : { headLearningRateFactor }),
    ...(layerDecay === 1 ? {} : { layerDecay }),
    ...(emaDecay === null ? {} : { emaDecay }),
  };
  // Keys of trainings on every clip stay as they were.
  const { leaveOut = [] } = input;
  const drawsAugmentation =
    input.targets.kind === 'labels' || ('consistent' in settings && !settings.consistent);
  return sha256(
    canonicalJson({
      formatVersion: 1,
      settings: { ...settings, ...stated },
      init: input.init?.sha256 ?? null,
      chunkSeconds: input.chunkSeconds,
      augment: drawsAugmentation ? input.augment : null,
      ensemble:
        content.validationContentSha256 === null
          ? null
          : input.ensemble.map((member) => [member.sha256, member.weight]),
      ...(leaveOut.length > 0 ? { leftOutClips: [...leaveOut].sort() } : {}),
      ...content,
    }),
  );
}
