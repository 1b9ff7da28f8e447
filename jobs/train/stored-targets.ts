/**
 * Targets from stored logits: each chunk has the augmentation that the ensemble was given, and the
 * ensemble's probabilities. No label is read.
 */
import type { AugmentConfig, AugmentParameters } from '../../ced/augment/parameters';
import type { LogitTable } from '../../ced/logits/logit-table';
import { writeTargets } from '../../ced/logits/targets';
import type { Student } from '../../workflows/contract/run-file-sections';
import { freshAugmentation } from './fresh-augmentation';
import type { StoredViews } from './stored-views';
import type { TargetRows, TrainingRow } from './training-set';

/** The rows that have logits, in order: the training rows if an import matched only some chunks. */
export function rowsWithLogits(rows: readonly TrainingRow[], stored: StoredViews): TrainingRow[] {
  const next: number[] = [];
  return rows.filter(({ clip, clipRow, chunk }) => {
    const withLogits = stored.chunks(clip.shard);
    const at = next[clip.shard] ?? 0;
    if (withLogits.clip[at] !== clipRow || withLogits.chunk[at] !== chunk) return false;
    next[clip.shard] = at + 1;
    return true;
  });
}

export class StoredTargets implements TargetRows {
  /** For each training row, its index among the chunks of its shard. */
  private readonly indexInShard: Uint32Array;
  private last: { rowIndex: number; epoch: number; stored: LogitTable } | null = null;

  constructor(
    rows: readonly TrainingRow[],
    shards: number,
    private readonly stored: StoredViews,
    private readonly settings: Pick<Student, 'unseenFill' | 'consistent' | 'seed'> & {
      views: number;
      topK: number;
      classes: number;
      augment: AugmentConfig;
    },
  ) {
    const planned = new Uint32Array(shards);
    this.indexInShard = Uint32Array.from(rows, ({ clip }) => planned[clip.shard]!++);
    planned.forEach((chunks, shard) => {
      const { length } = stored.chunks(shard).clip;
      if (length !== chunks)
        throw new Error(`logit shard ${shard}: ${length} chunks, ${chunks} planned`);
    });
  }

  augmentation(row: TrainingRow, rowIndex: number, epoch: number): AugmentParameters {
    const { consistent, augment, seed } = this.settings;
    if (!consistent) return freshAugmentation(augment, seed, row, epoch);
    const { shift, timeStart, timeWidth, freqStart, freqWidth } = this.read(row, rowIndex, epoch);
    return {
      shift: shift[0] ?? 0,
      timeStart: timeStart[0] ?? 0,
      timeWidth: timeWidth[0] ?? 0,
      freqStart: freqStart[0] ?? 0,
      freqWidth: freqWidth[0] ?? 0,
    };
  }

  writeTargets(
    row: TrainingRow,
    rowIndex: number,
    epoch: number,
    out: Float32Array,
    at: number,
  ): void {
    const { classes, unseenFill, topK } = this.settings;
    writeTargets(this.read(row, rowIndex, epoch), 0, classes, unseenFill, topK, out, at);
  }

  /** Every view is used equally often: epoch e reads view e mod views. */
  private read(row: TrainingRow, rowIndex: number, epoch: number): LogitTable {
    if (this.last?.rowIndex === rowIndex && this.last.epoch === epoch) return this.last.stored;
    const at = this.indexInShard[rowIndex];
    if (at === undefined) throw new Error(`training row ${rowIndex} has no logits`);
    const stored = this.stored.read(row.clip.shard, at, epoch % this.settings.views);
    if (stored.clip[0] !== row.clipRow || stored.chunk[0] !== row.chunk)
      throw new Error(`logits of ${row.clip.clip} chunk ${row.chunk} do not belong to it`);
    this.last = { rowIndex, epoch, stored };
    return stored;
  }
}
