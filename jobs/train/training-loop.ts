/**
 * The loop: steps, checkpoints, validations. It can be killed at any step; started again from the
 * newest checkpoint it computes the same bytes. A checkpoint is written beside the next steps, one
 * at a time.
 */
import { learningRateAt } from '../../ced/training/schedule';
import { LossNotFinite, type Trainer } from '../../ced/training/trainer';
import type { Precision } from '../../ced/engine/ops';
import type { ModelConfig } from '../../ced/model/config';
import type { EpochRecord } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { EngineStopped } from '../engine-jobs';
import type { JobContext } from '../job-context';
import type { Pace } from '../../workflows/contract/live-progress';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { writeBestWeights } from '../../storage/training/best-weights';
import { validationsSinceBest, withEntry, type BestEntry } from '../../ced/training/best-list';
import { isValidated } from '../../ced/training/validation-schedule';
import type { Weights } from '../../ced/model/weights';
import { MetricsSegment } from '../../storage/training/metrics-segment';
import { commitMetrics } from './checkpoint-commit';
import { StepPace } from './pace';
import type { Progress, TrainingState } from '../../storage/training/training-checkpoint';
import type { TrainingSet } from './training-set';
import type { Validation } from './validation';

export interface LoopSettings {
  name: string;
  epochs: number;
  learningRate: number;
  warmupSteps: number;
  finalLearningRateFraction: number;
  validateEvery: number;
  earlyStop: number;
  averageBest: number;
  checkpointSeconds: number;
  precision: Precision;
  stopAfterEpoch: number | null;
}

export interface Loop {
  context: JobContext;
  key: string;
  config: ModelConfig;
  trainer: Trainer;
  data: TrainingSet;
  validation: Validation;
  settings: LoopSettings;
  stamp: Pick<TrainingState, 'engine'>;
}

export interface TrainingEnd {
  progress: Progress;
  /**
   * The validation of an epoch that `stopAfterEpoch` made the last, with its weights. It counts for
   * this result alone: in `progress` it would change which weights the full run averages and when
   * that one stops early.
   */
  atStop: { entry: BestEntry; weights: Weights } | null;
}

/**
 * Advances `at` to the last epoch, early stop, or `stopAfterEpoch`. @throws {EngineStopped} after a
 * checkpoint, when the process was told to stop
 */
export async function trainingLoop(loop: Loop, at: Progress): Promise<TrainingEnd> {
  const { context, data, settings } = loop;
  const metrics = new MetricsSegment(at.metricsFrom);
  const totalSteps = settings.epochs * data.stepsPerEpoch;
  const progress = progressMeter('steps', totalSteps, context.monotonicMs, at.step);
  // A stop at an epoch gone by ends after the epoch at work.
  const begun = at.stepInEpoch > 0 ? at.epoch + 1 : at.epoch;
  const lastEpoch = Math.min(
    settings.epochs,
    Math.max(begun, settings.stopAfterEpoch ?? settings.epochs),
  );
  const writer = new CheckpointWriter(loop, metrics, at.step);
  const pace = new StepPace();
  let mAP: number | null = null;
  let lastRecord: EpochRecord | null = null;

  // Asked before every step: an attempt may begin where the one before it ended.
  const stoppedEarly = (): boolean =>
    settings.earlyStop > 0 && validationsSinceBest(at.best, at.validated) >= settings.earlyStop;
  context.onProgress({ ...progress(at.step), phase: 'preparing the first step' });
  // Whatever ends a batch or a validation, the steps before it are kept.
  const keepingSteps = async (error: unknown): Promise<never> => {
    await writer.write(at, true);
    throw error;
  };
  while (at.epoch < lastEpoch && !stoppedEarly()) {
    // An attempt may begin between an epoch's last step and its validation.
    const taken =
      at.stepInEpoch < data.stepsPerEpoch
        ? await takeStep(loop, at, { totalSteps, metrics, pace, keepingSteps })
        : null;
    if (at.stepInEpoch === data.stepsPerEpoch) {
      const record = await finishEpoch(loop, at).catch(keepingSteps);
      mAP = record.mAP ?? mAP;
      metrics.epoch(record);
      context.onEpoch(record);
      lastRecord = record;
    }
    if (taken) context.onProgress({ ...progress(at.step), ...taken, mAP, epoch: at.epoch });
    const stop = await context.yieldAndCheckStop();
    if (stop || context.monotonicMs() - writer.lastMs >= settings.checkpointSeconds * 1000)
      await writer.write(at, stop);
    if (stop) throw new EngineStopped();
  }
  await writer.write(at, true);
  await writer.writeLastMetrics(at.step);
  const isCutShort = at.epoch < settings.epochs && !stoppedEarly();
  if (!isCutShort || at.validated.at(-1) === at.step) return { progress: at, atStop: null };
  const { mAP: stopMAP, ...atStop } = await validate(loop, at);
  if (lastRecord) context.onEpoch({ ...lastRecord, mAP: stopMAP });
  return { progress: at, atStop };
}

/** @returns loss and pace of the step, for its report */
async function takeStep(
  { context, trainer, data, settings }: Loop,
  at: Progress,
  attempt: {
    totalSteps: number;
    metrics: MetricsSegment;
    pace: StepPace;
    keepingSteps: (error: unknown) => Promise<never>;
  },
): Promise<{ loss: number; pace: Pace }> {
  const { totalSteps, metrics, pace, keepingSteps } = attempt;
  const learningRate = learningRateAt(at.step, { ...settings, totalSteps });
  const begunMs = context.monotonicMs();
  const batch = await data.batch(at.epoch, at.stepInEpoch).catch(keepingSteps);
  const batchMs = context.monotonicMs();
  const loss = naming(
    () => trainer.step(batch, learningRate),
    () =>
      `${settings.name}: clips ${data.clipsOf(at.epoch, at.stepInEpoch).slice(0, 8).join(', ')}`,
  );
  const now = pace.add({
    dataMs: batchMs - begunMs,
    totalMs: context.monotonicMs() - begunMs,
    rows: batch.batch,
  });
  at.lossSum += loss * batch.batch;
  at.lossRows += batch.batch;
  at.rowsTrained += batch.batch;
  metrics.step(at.step, loss, learningRate);
  at.step++;
  at.stepInEpoch++;
  return { loss, pace: now };
}

/** A loss that is not finite names what was heard. */
function naming(step: () => number, what: () => string): number {
  try {
    return step();
  } catch (error) {
    if (error instanceof LossNotFinite)
      throw new PermanentError('LossNotFinite', `${what()}: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * Validates, where it is the epoch's turn, and begins the next epoch. `at` changes at the very end:
 * a validation that is interrupted is repeated by the next attempt, on the same weights.
 */
async function finishEpoch(loop: Loop, at: Progress): Promise<EpochRecord> {
  const { context, settings, key } = loop;
  const epoch = at.epoch + 1;
  const record: EpochRecord = {
    student: settings.name,
    epoch,
    epochs: settings.epochs,
    step: at.step,
    loss: at.lossSum / at.lossRows,
    mAP: null,
  };
  if (isValidated(epoch, settings)) {
    const { entry, weights, mAP } = await validate(loop, { step: at.step, epoch });
    const best = withEntry(at.best, entry, settings.averageBest);
    if (best.includes(entry))
      entry.sha256 = await writeBestWeights(context.store, key, at.step, weights);
    at.best = best;
    at.validated.push(at.step);
    record.mAP = mAP;
  }
  Object.assign(at, { epoch, stepInEpoch: 0, lossSum: 0, lossRows: 0 });
  return record;
}

/** Validates the weights as they are after `at`. */
async function validate(
  { context, config, trainer, validation, settings }: Loop,
  { step, epoch }: Pick<Progress, 'step' | 'epoch'>,
): Promise<{ entry: BestEntry; weights: Weights; mAP: number | null }> {
  const weights = trainer.weights();
  const model = { config, weights, precision: settings.precision };
  const { value, mAP } = await validation.judge(model, epoch, context);
  return { entry: { step, epoch, value }, weights, mAP };
}

/**
 * Writes checkpoints beside the next steps, one at a time: the snapshot is taken at once, it is
 * committed while training goes on.
 */
class CheckpointWriter {
  lastMs: number;
  private pending: Promise<void> = Promise.resolve();
  private failure: Error | null = null;

  constructor(
    private readonly loop: Loop,
    private readonly metrics: MetricsSegment,
    /** Of the checkpoint that is there already. */
    private lastStep: number,
  ) {
    this.lastMs = loop.context.monotonicMs();
  }

  /** @param wait until it is committed, as the last one must be */
  async write(at: Progress, wait: boolean): Promise<void> {
    const { context, key, trainer, stamp } = this.loop;
    await this.settled();
    if (this.lastStep !== at.step) {
      this.lastStep = at.step;
      const segment = this.metrics.cut(at.step);
      at.metricsFrom = at.step;
      const state = { ...structuredClone(at), ...stamp };
      this.pending = context
        .commit({ trainingKey: key, trainer: trainer.snapshot(), state, segment })
        .catch((error: unknown) => {
          this.failure = error instanceof Error ? error : new Error(String(error));
        });
    }
    if (wait) await this.settled();
    this.lastMs = context.monotonicMs();
  }

  /**
   * Writes what no checkpoint has taken along: the record of a last epoch whose validation was
   * interrupted. The checkpoint of its last step was written before the validation.
   */
  async writeLastMetrics(step: number): Promise<void> {
    await commitMetrics(this.loop.context.store, this.loop.key, this.metrics.cut(step));
  }

  private async settled(): Promise<void> {
    await this.pending;
    if (this.failure) throw this.failure;
  }
}
