/**
 * What a run's message handlers share: its status, and the controls `pause`, `resume` and `stopAfterEpoch`. Query `status` answers at any
 * time. Live step, loss and ETA are not here but in heartbeats: a workflow task per step would be too dear.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { EpochRecord } from './contract/activities';
import { EPOCH_SIGNAL, STATUS_QUERY } from './contract/names';
import type { RunStatus, StageName, StageStatus } from './contract/status';

export const statusQuery = defineQuery<RunStatus>(STATUS_QUERY);
export const pauseUpdate = defineUpdate<RunStatus['state']>('pause');
export const resumeUpdate = defineUpdate<RunStatus['state']>('resume');
export const stopAfterEpochUpdate = defineUpdate<number, [number]>('stopAfterEpoch');
export const epochSignal = defineSignal<[EpochRecord]>(EPOCH_SIGNAL);

const stageKey = defineSearchAttributeKey('CedStage', 'KEYWORD');
const runKey = defineSearchAttributeKey('CedRun', 'KEYWORD');
const studentKey = defineSearchAttributeKey('CedStudent', 'KEYWORD');
const epochKey = defineSearchAttributeKey('CedEpoch', 'INT');
const mapKey = defineSearchAttributeKey('CedMap', 'DOUBLE');

export class RunControl {
  readonly status: RunStatus;
  stopAfterEpoch: number | null = null;
  private interruptible: CancellationScope | null = null;
  private interruptions = 0;

  constructor(run: string, stages: [StageName, string][]) {
    this.status = {
      run,
      state: 'running',
      stages: stages.map(([name, unit]) => ({ name, unit, state: 'waiting', done: 0, total: 0, seconds: 0 })),
      epochs: {},
      scores: {},
      failures: [],
    };
    upsertSearchAttributes([{ key: runKey, value: run }]);
    setHandler(statusQuery, () => this.status);
    setHandler(pauseUpdate, () => this.setPaused(true));
    setHandler(resumeUpdate, () => this.setPaused(false));
    setHandler(stopAfterEpochUpdate, (epoch) => this.stopAfter(epoch), { validator: validEpoch });
    setHandler(epochSignal, (record) => this.recordEpoch(record));
  }

  /** Runs a stage: counts its time and shows it in the search attributes. */
  async stage<T>(name: StageName, total: number, work: (stage: StageStatus) => Promise<T>): Promise<T> {
    const stage = this.status.stages.find((each) => each.name === name);
    if (!stage) throw new Error(`no stage ${name}`);
    stage.state = 'running';
    stage.total = total;
    upsertSearchAttributes([{ key: stageKey, value: name }]);
    const startedMs = Date.now();
    try {
      return await work(stage);
    } finally {
      stage.seconds += (Date.now() - startedMs) / 1000;
      stage.state = 'done';
    }
  }

  /**
   * Runs an activity that `pause` and `stopAfterEpoch` may interrupt: it writes its checkpoint and ends, and is started again when the run
   * goes on.
   */
  async interruptibly<T>(activity: () => Promise<T>): Promise<T> {
    for (;;) {
      await condition(() => this.status.state !== 'paused');
      const before = this.interruptions;
      const scope = new CancellationScope();
      this.interruptible = scope;
      try {
        return await scope.run(activity);
      } catch (error) {
        if (!isCancellation(error) || this.interruptions === before) throw error;
      } finally {
        this.interruptible = null;
      }
    }
  }

  /** Waits while the run is paused. */
  async whilePaused(): Promise<void> {
    await condition(() => this.status.state !== 'paused');
  }

  showStudent(name: string): void {
    upsertSearchAttributes([{ key: studentKey, value: name }]);
  }

  private setPaused(paused: boolean): RunStatus['state'] {
    if (this.status.state !== 'running' && this.status.state !== 'paused') return this.status.state;
    this.status.state = paused ? 'paused' : 'running';
    if (paused) this.interrupt();
    return this.status.state;
  }

  private stopAfter(epoch: number): number {
    this.stopAfterEpoch = epoch;
    this.interrupt();
    return epoch;
  }

  private interrupt(): void {
    this.interruptions++;
    this.interruptible?.cancel();
  }

  private recordEpoch(record: EpochRecord): void {
    const known = this.status.epochs[record.student];
    if (known && known.epoch > record.epoch) return;
    this.status.epochs[record.student] = { ...record, mAP: record.mAP ?? known?.mAP ?? null };
    upsertSearchAttributes([{ key: epochKey, value: record.epoch }, ...(record.mAP === null ? [] : [{ key: mapKey, value: record.mAP }])]);
  }
}

function validEpoch(epoch: number): void {
  if (!Number.isInteger(epoch) || epoch < 1) throw new Error(`stopAfterEpoch: ${String(epoch)}, expected a whole number of at least 1`);
}
