/**
 * The loop: steps, checkpoints, validations. It can be killed at any step; an attempt that resumes
 * from the newest checkpoint computes the same bytes.
 */
import type { Weights } from '../../ced/model/weights';
import { hasStoppedEarly, withEntry, type BestEntry } from '../../ced/training/best-list';
import { GroupLost } from '../../ced/engine/group';
import type { Trainer } from '../../ced/training/trainer';
import { isValidated } from '../../ced/training/validation-schedule';
import { writeBestWeights } from '../../storage/training/best-weights';
import { MetricsSegment } from '../../storage/training/metrics-segment';
import type { Progress } from '../../storage/training/training-checkpoint';
import type { EpochRecord } from '../../workflows/contract/activities';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { EngineStopped } from '../engine-jobs';
import type { JobContext } from '../job-context';
import { CheckpointWriter } from './checkpoint-writer';
import type { GroupTurn } from './group-turn';
import { TrainingSteps, type StepTaken, type Training } from './training-steps';
import type { ValidationResult } from './validation';

export interface TrainingEnd {
  progress: Progress;
  /**
   * The validation of an epoch that `stopAfterEpoch` made the last, with its weights. It counts for
   * this result alone: in `progress` it would change which weights the full run averages and when
   * that one stops early.
   */
  atStop: { entry: BestEntry; weights: Weights } | null;
}

/** The generation ended after its checkpoint, because the members of the group change. */
export class MembersChange extends Error {
  override readonly name = 'MembersChange';
}

/** What a validation tells. */
type Measured = Omit<ValidationResult, 'value'>;

export class TrainingLoop {
  private readonly metrics: MetricsSegment;
  private readonly checkpoints: CheckpointWriter;
  private readonly steps: TrainingSteps;
  /** Of the last epoch that this attempt has finished. */
  private lastRecord: EpochRecord | null = null;
  /** By the last validation of this attempt. */
  private measured: Measured = { mAP: null };

  /**
   * @param turn with whom
   * @param at where the attempt begins; `run` advances it
   */
  constructor(
    private readonly context: JobContext,
    private readonly training: Training,
    private readonly trainer: Trainer,
    private readonly turn: GroupTurn,
    private readonly at: Progress,
  ) {
    this.metrics = new MetricsSegment(at.metricsFrom);
    this.steps = new TrainingSteps(context.monotonicMs, training, trainer);
    this.checkpoints = new CheckpointWriter(context, training.key, trainer, this.metrics, at.step);
  }

  /**
   * Runs to the last epoch, early stop, or `stopAfterEpoch`.
   * @throws {EngineStopped} after a checkpoint, when the process was told to stop
   * @throws {GroupLost} when no checkpoint is being written any more
   * @throws {MembersChange} after a checkpoint
   */
  async run(): Promise<TrainingEnd> {
    try {
      return await this.toEnd();
    } catch (error) {
      if (error instanceof GroupLost) await this.checkpoints.settled();
      throw error;
    }
  }

  private async toEnd(): Promise<TrainingEnd> {
    const { context, at } = this;
    const { stepsPerEpoch } = this.training.data;
    const progress = progressMeter('steps', this.steps.total, context.monotonicMs, at.step);
    const lastEpoch = this.lastEpoch();
    context.onProgress({ ...progress(at.step), phase: 'preparing the first step' });
    // An attempt may begin where the one before it stopped early.
    while (at.epoch < lastEpoch && !this.hasStoppedEarly()) {
      // An attempt may begin between an epoch's last step and its validation.
      const step = at.stepInEpoch < stepsPerEpoch ? await this.step() : null;
      if (at.stepInEpoch === stepsPerEpoch) await this.finishEpoch();
      if (step)
        context.onProgress({
          ...progress(at.step),
          ...{ loss: step.loss, pace: step.pace, ...this.measured, epoch: at.epoch },
          ...this.turn.shown,
        });
      await this.checkpointIfDue();
    }
    this.turn.link?.tell({ type: 'over' });
    await this.checkpoints.write(at, true);
    await this.checkpoints.writeLastMetrics(at.step);
    return { progress: at, atStop: await this.validateStop() };
  }

  /** A stop at an epoch gone by ends after the epoch in progress. */
  private lastEpoch(): number {
    const { at, training } = this;
    const { epochs } = training.settings;
    const begun = at.stepInEpoch > 0 ? at.epoch + 1 : at.epoch;
    return Math.min(epochs, Math.max(begun, training.stopAfterEpoch ?? epochs));
  }

  private hasStoppedEarly(): boolean {
    return hasStoppedEarly(this.at, this.training.settings);
  }

  private async step(): Promise<StepTaken> {
    const { at } = this;
    const before = at.step;
    const taken = await this.steps.take(at, (batch) => this.keepingSteps(batch));
    this.metrics.step(before, taken.loss, taken.learningRate);
    return taken;
  }

  /**
   * Validates if it is the epoch's turn, and begins the next epoch. `at` changes at the very end:
   * the next attempt repeats an interrupted validation on the same weights.
   */
  private async finishEpoch(): Promise<void> {
    const { context, at, training } = this;
    const { settings } = training;
    const epoch = at.epoch + 1;
    const validated = isValidated(epoch, settings)
      ? await this.keepingSteps(this.validateForBest(epoch))
      : null;
    const record: EpochRecord = {
      student: settings.name,
      epoch,
      epochs: settings.epochs,
      step: at.step,
      loss: at.lossSum / at.lossRows,
      mAP: null,
      ...validated?.measured,
    };
    if (validated) {
      at.best = validated.best;
      at.validated.push(at.step);
      this.measured = validated.measured;
    }
    Object.assign(at, { epoch, stepInEpoch: 0, lossSum: 0, lossRows: 0 });
    this.metrics.epoch(record);
    context.onEpoch({ ...record, ...this.turn.shown });
    this.lastRecord = record;
    this.turn.link?.tell({ type: 'epoch', epoch });
  }

  /** Stores the weights if they are among the best. @returns the best list with them */
  private async validateForBest(epoch: number): Promise<{ best: BestEntry[]; measured: Measured }> {
    const { context, at, training } = this;
    const { entry, weights, measured } = await this.validate(epoch);
    const best = withEntry(at.best, entry, training.settings.averageBest);
    if (best.includes(entry))
      entry.sha256 = await writeBestWeights(context.store, training.key, at.step, weights);
    return { best, measured };
  }

  /** Validates the last epoch if a stop made it the last and it is off the schedule. */
  private async validateStop(): Promise<TrainingEnd['atStop']> {
    const { at, training } = this;
    const isCutShort = at.epoch < training.settings.epochs && !this.hasStoppedEarly();
    if (!isCutShort || at.validated.at(-1) === at.step) return null;
    const { measured, ...atStop } = await this.validate(at.epoch);
    if (this.lastRecord) this.context.onEpoch({ ...this.lastRecord, ...measured });
    return atStop;
  }

  /** @param epoch whose last step the weights have taken */
  private async validate(
    epoch: number,
  ): Promise<{ entry: BestEntry; weights: Weights; measured: Measured }> {
    const { config, validation, settings } = this.training;
    const weights = this.trainer.weightsToKeep();
    const model = { config, weights, precision: settings.precision };
    const { value, ...measured } = await validation.evaluate(model, epoch, this.context);
    return { entry: { step: this.at.step, epoch, value }, weights, measured };
  }

  /**
   * @throws {EngineStopped} after a checkpoint, when the process was told to stop
   * @throws {MembersChange} after a checkpoint, when the group's members change
   */
  private async checkpointIfDue(): Promise<void> {
    const { context, checkpoints, training } = this;
    const stop = await context.yieldAndCheckStop();
    const elapsedMs = context.monotonicMs() - checkpoints.lastMs;
    const regroup = this.turn.link?.regroup ?? null;
    const isDue = elapsedMs >= training.settings.checkpointSeconds * 1000;
    if (stop || isDue || regroup === 'now')
      await checkpoints.write(this.at, stop || regroup !== null);
    if (stop) throw new EngineStopped();
    if (regroup === 'now' || (regroup !== null && isDue)) throw new MembersChange();
  }

  /** Writes a checkpoint if reading a batch or a validation fails: the steps before it count. */
  private async keepingSteps<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      await this.checkpoints.write(this.at, true);
      throw error;
    }
  }
}
