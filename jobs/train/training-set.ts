/**
 * The training chunks of a corpus and the batches of each epoch. Order, view and mixup are pure
 * functions of (seed, epoch, index), so a resumed run continues with exactly the batch that the
 * killed one would have had next.
 */
import { drawMixup } from '../../ced/augment/mixup';
import { shiftInto } from '../../ced/augment/apply';
import type { AugmentParameters } from '../../ced/augment/parameters';
import { permutation } from '../../ced/augment/random';
import type { CorpusAudio } from '../../storage/corpus/corpus-audio';
import type { TrainingBatch } from '../../ced/training/training-batch';
import type { CorpusClip } from '../../ced/corpus/corpus-clip';

export interface TrainingRow {
  clip: CorpusClip;
  /** Row of the clip in its audio shard's table. */
  clipRow: number;
  chunk: number;
  start: number;
  length: number;
}

/** The augmentation of each row in each epoch, and its targets under it. */
export interface TargetRows {
  augmentation(row: TrainingRow, rowIndex: number, epoch: number): AugmentParameters;
  writeTargets(
    row: TrainingRow,
    rowIndex: number,
    epoch: number,
    out: Float32Array,
    at: number,
  ): void;
}

export function trainingRows(audio: CorpusAudio): TrainingRow[] {
  const rows: TrainingRow[] = [];
  const nextInShard: number[] = [];
  for (const clip of audio.clips) {
    const clipRow = nextInShard[clip.shard] ?? 0;
    nextInShard[clip.shard] = clipRow + 1;
    clip.chunks.forEach(({ start, length }, chunk) =>
      rows.push({ clip, clipRow, chunk, start, length }),
    );
  }
  return rows;
}

/** Rows, of a batch of so many, that a process computes. */
export type OwnRows = (batch: number) => readonly number[];

const everyRow: OwnRows = (batch) => Array.from({ length: batch }, (_, row) => row);

export class TrainingSet {
  readonly stepsPerEpoch: number;
  private order: { epoch: number; rows: Uint32Array } | null = null;

  constructor(
    private readonly audio: CorpusAudio,
    readonly rows: readonly TrainingRow[],
    private readonly targets: TargetRows,
    private readonly settings: { batchSize: number; mixup: number; seed: number; samples: number },
  ) {
    this.stepsPerEpoch = Math.ceil(rows.length / settings.batchSize);
  }

  /** The clips of a step, for messages. */
  clipsOf(epoch: number, stepInEpoch: number): string[] {
    return this.indexes(epoch, stepInEpoch).map((index) => this.rows[index]?.clip.clip ?? '?');
  }

  /**
   * The batch of a step, once its clips are on this machine and verified. Silence pads the
   * augmented samples of a chunk shorter than the longest. The last batch of an epoch holds the
   * remaining rows.
   * @param own rows that are read, zeros take the place of the others @default all
   */
  async batch(epoch: number, stepInEpoch: number, own: OwnRows = everyRow): Promise<TrainingBatch> {
    const { samples, mixup, seed } = this.settings;
    const indexes = this.indexes(epoch, stepInEpoch);
    const read = own(indexes.length).map((at) => ({ at, rowIndex: indexes[at] as number }));
    await this.audio.ready(read.flatMap(({ rowIndex }) => this.rows[rowIndex]?.clip ?? []));
    const classes = this.audio.vocabulary.length;
    const pcm = new Int16Array(indexes.length * samples);
    const masks = new Int32Array(indexes.length * 4);
    const targets = new Float32Array(indexes.length * classes);
    const chunk = new Int16Array(samples);
    for (const { rowIndex, at } of read) {
      const row = this.rows[rowIndex];
      if (!row) throw new Error(`training row ${rowIndex} does not exist`);
      const samplesOfRow = chunk.subarray(0, row.length);
      this.audio.read(row.clip, row, samplesOfRow);
      const { shift, timeStart, timeWidth, freqStart, freqWidth } = this.targets.augmentation(
        row,
        rowIndex,
        epoch,
      );
      shiftInto(samplesOfRow, shift, pcm, at * samples);
      masks.set([timeStart, timeWidth, freqStart, freqWidth], at * 4);
      this.targets.writeTargets(row, rowIndex, epoch, targets, at * classes);
    }
    const lambda =
      mixup > 0 ? drawMixup(mixup, { seed, epoch, step: stepInEpoch }, indexes.length) : null;
    return { pcm, batch: indexes.length, samples, masks, targets, lambda };
  }

  private indexes(epoch: number, stepInEpoch: number): number[] {
    if (this.order?.epoch !== epoch)
      this.order = { epoch, rows: permutation(this.settings.seed, epoch, this.rows.length) };
    const start = stepInEpoch * this.settings.batchSize;
    return [...this.order.rows.subarray(start, start + this.settings.batchSize)];
  }
}
