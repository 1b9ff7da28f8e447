/** The steps of a training, as every process that takes part takes them. */
import type { ModelConfig } from '../../ced/model/config';
import { learningRateAt } from '../../ced/training/schedule';
import { LossNotFinite, type Trainer } from '../../ced/training/trainer';
import type { TrainingBatch } from '../../ced/training/training-batch';
import type { Progress } from '../../storage/training/training-checkpoint';
import { PermanentError } from '../../workflows/contract/failures';
import type { Pace } from '../../workflows/contract/live-progress';
import type { TeacherTraining } from '../../workflows/contract/run-file-sections';
import { BatchAhead } from './batch-ahead';
import type { Start } from './model-shape';
import { StepPace } from './pace';
import type { TrainingSet } from './training-set';
import type { Validation } from './validation';

/** Clips of a batch that an error names. */
const CLIPS_NAMED = 8;

export interface Training {
  key: string;
  config: ModelConfig;
  /** null without `init`. */
  start: Start | null;
  data: TrainingSet;
  validation: Validation;
  settings: TeacherTraining;
  learnsFromLabels: boolean;
  stopAfterEpoch: number | null;
  /** How many training clips the run file's `selection` left out. */
  leftOutClips: number;
}

export interface StepTaken {
  /** Before the step. */
  loss: number;
  learningRate: number;
  pace: Pace;
}

export class TrainingSteps {
  /** Of the whole schedule. */
  readonly total: number;
  private readonly batches: BatchAhead;
  private readonly pace = new StepPace();

  constructor(
    private readonly monotonicMs: () => number,
    private readonly training: Pick<Training, 'settings' | 'data'>,
    private readonly trainer: Trainer,
  ) {
    const { data, settings } = training;
    this.total = settings.epochs * data.stepsPerEpoch;
    this.batches = new BatchAhead(
      data,
      (batch) => trainer.ownRows(batch),
      (batch) => trainer.copyAhead(batch),
    );
  }

  /**
   * Takes the step at `at`, which moves on.
   * @param reading surrounds the wait for the batch
   * @throws {PermanentError} that names clips of the batch if the loss is not finite
   * @throws {GroupLost} before the optimizer's step
   */
  async take(
    at: Progress,
    reading: (batch: Promise<TrainingBatch>) => Promise<TrainingBatch>,
  ): Promise<StepTaken> {
    const learningRate = learningRateAt(at.step, {
      ...this.training.settings,
      totalSteps: this.total,
    });
    const begunMs = this.monotonicMs();
    const batch = await reading(this.batches.take(at.epoch, at.stepInEpoch));
    const batchMs = this.monotonicMs();
    const loss = await this.train(batch, learningRate, at);
    const pace = this.pace.add({
      dataMs: batchMs - begunMs,
      totalMs: this.monotonicMs() - begunMs,
      rows: batch.batch,
    });
    at.lossSum += loss * batch.batch;
    at.lossRows += batch.batch;
    at.rowsTrained += batch.batch;
    at.step++;
    at.stepInEpoch++;
    return { loss, learningRate, pace };
  }

  private async train(batch: TrainingBatch, learningRate: number, at: Progress): Promise<number> {
    try {
      const running = this.trainer.stepLater(batch, learningRate);
      this.batches.beginNext(at.epoch, at.stepInEpoch);
      return await running;
    } catch (error) {
      if (!(error instanceof LossNotFinite)) throw error;
      const { settings, data } = this.training;
      const clips = data.clipsOf(at.epoch, at.stepInEpoch).slice(0, CLIPS_NAMED);
      throw new PermanentError(
        'LossNotFinite',
        `${settings.name}: clips ${clips.join(', ')}: ${error.message}`,
        { cause: error },
      );
    }
  }
}
