/**
 * The batch that a training needs next, made while the step before it runs: at most one is ahead.
 * A batch is a function of its epoch and step, so one that is thrown away changes nothing.
 */
import type { TrainingBatch } from '../../ced/training/training-batch';
import type { OwnRows, TrainingSet } from './training-set';

export class BatchAhead {
  private ahead: {
    readonly epoch: number;
    readonly stepInEpoch: number;
    readonly batch: Promise<TrainingBatch>;
  } | null = null;

  /**
   * @param own rows of a batch of so many that this process computes @default all
   * @param onAhead is given a batch that was made ahead, before it is taken
   */
  constructor(
    private readonly data: Pick<TrainingSet, 'batch' | 'stepsPerEpoch'>,
    private readonly own?: OwnRows,
    private readonly onAhead: (batch: TrainingBatch) => void = () => undefined,
  ) {}

  /** The batch of a step, ahead or not. */
  async take(epoch: number, stepInEpoch: number): Promise<TrainingBatch> {
    const { ahead } = this;
    this.ahead = null;
    return ahead?.epoch === epoch && ahead.stepInEpoch === stepInEpoch
      ? await ahead.batch
      : await this.data.batch(epoch, stepInEpoch, this.own);
  }

  /** Begins the batch after that of a step, if the epoch has one. `take` throws what fails. */
  beginNext(epoch: number, stepInEpoch: number): void {
    const next = stepInEpoch + 1;
    if (next >= this.data.stepsPerEpoch) return;
    const batch = this.data.batch(epoch, next, this.own).then((made) => {
      this.onAhead(made);
      return made;
    });
    // The training may end before it is taken.
    batch.catch(() => undefined);
    this.ahead = { epoch, stepInEpoch: next, batch };
  }
}
