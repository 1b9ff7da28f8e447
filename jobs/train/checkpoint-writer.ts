/**
 * Writes the checkpoints of one attempt beside its next steps, one at a time: the snapshot is taken
 * at once and committed while training goes on.
 */
import type { Trainer } from '../../ced/training/trainer';
import type { MetricsSegment } from '../../storage/training/metrics-segment';
import type { Progress } from '../../storage/training/training-checkpoint';
import type { JobContext } from '../job-context';
import { commitMetrics } from './checkpoint-commit';

export class CheckpointWriter {
  /** When the newest checkpoint was handed over. */
  lastMs: number;
  private pending: Promise<void> = Promise.resolve();
  private failure: Error | null = null;

  /** @param lastStep step of the newest checkpoint in the store */
  constructor(
    private readonly context: JobContext,
    private readonly trainingKey: string,
    private readonly trainer: Trainer,
    private readonly metrics: MetricsSegment,
    private lastStep: number,
  ) {
    this.lastMs = context.monotonicMs();
  }

  /**
   * @param wait until it is committed, as the last checkpoint must be
   * @throws the error that the commit before it failed with
   */
  async write(at: Progress, wait: boolean): Promise<void> {
    const { context, trainingKey, trainer } = this;
    await this.settled();
    if (this.lastStep !== at.step) {
      this.lastStep = at.step;
      const segment = this.metrics.cut(at.step);
      at.metricsFrom = at.step;
      const state = { ...structuredClone(at), engine: context.engine.kind };
      this.pending = context
        .commit({ trainingKey, trainer: trainer.snapshot(), state, segment })
        .catch((error: unknown) => {
          this.failure = error instanceof Error ? error : new Error(String(error));
        });
    }
    if (wait) await this.settled();
    this.lastMs = context.monotonicMs();
  }

  /**
   * Writes the metrics that no checkpoint has taken along: the record of a last epoch whose
   * validation was interrupted. The checkpoint of its last step was written before the validation.
   */
  async writeLastMetrics(step: number): Promise<void> {
    await commitMetrics(this.context.store, this.trainingKey, this.metrics.cut(step));
  }

  /** Waits until no checkpoint is being written. @throws as `write` */
  async settled(): Promise<void> {
    await this.pending;
    if (this.failure) throw this.failure;
  }
}
