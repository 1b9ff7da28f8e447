/** Targets from labels, for teachers: each epoch draws a fresh augmentation of each chunk. */
import type { AugmentConfig, AugmentParameters } from '../../ced/augment/parameters';
import { freshAugmentation } from './fresh-augmentation';
import type { TargetRows, TrainingRow } from './training-set';

export class LabelledTargets implements TargetRows {
  constructor(private readonly settings: { augment: AugmentConfig; seed: number }) {}

  augmentation(row: TrainingRow, _rowIndex: number, epoch: number): AugmentParameters {
    return freshAugmentation(this.settings.augment, this.settings.seed, row, epoch);
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
