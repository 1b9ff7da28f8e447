/** Augmentations that a training draws for itself instead of replaying those of stored views. */
import {
  drawAugmentation,
  type AugmentConfig,
  type AugmentParameters,
} from '../../ced/augment/parameters';
import type { TrainingRow } from './training-set';

/** Beyond every stored view, so that no draw repeats one that the teachers were given. */
const FIRST_FRESH_VIEW = 0x1_0000;

/** Another one for each epoch. */
export function freshAugmentation(
  augment: AugmentConfig,
  seed: number,
  { clip, chunk, length }: TrainingRow,
  epoch: number,
): AugmentParameters {
  const view = FIRST_FRESH_VIEW + epoch;
  return drawAugmentation(augment, { seed, clipSha256: clip.sha256, chunk, view }, length);
}
