/** Lessons from labels, for teachers: every epoch hears each chunk under a fresh augmentation. */
import {
  drawAugmentation,
  type AugmentConfig,
  type AugmentParameters,
} from '../../ced/augment/parameters';
import { FRESH_VIEW } from './stored-targets';
import type { TargetRows, TrainingRow } from './training-set';

export class LabelledTargets implements TargetRows {
  constructor(private readonly settings: { augment: AugmentConfig; seed: number }) {}

  augmentation(row: TrainingRow, _rowIndex: number, epoch: number): AugmentParameters {
    return drawAugmentation(
      this.settings.augment,
      {
        seed: this.settings.seed,
        clipSha256: row.clip.sha256,
        chunk: row.chunk,
        view: FRESH_VIEW + epoch,
      },
      row.length,
    );
  }

  writeTargets(
    row: TrainingRow,
    _rowIndex: number,
    _epoch: number,
    out: Float32Array,
    at: number,
  ): void {
    for (const label of row.clip.labels ?? []) out[at + label] = 1;
  }
}
