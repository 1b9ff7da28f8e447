/**
 * What a run's message handlers share: its status, and the controls `pause`, `resume` and
 * `stopAfterEpoch`. Query `status` answers at any time. Live step, loss and ETA are not here but in
 * heartbeats: a workflow task per step would be too dear. All of it is carried along when a long
 * history is left behind (continuation.ts).
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
import { slidingWindow } from './sliding-window';
import { HistoryLong, isHistoryLong, type Carried } from './history-length';

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

/**
 * What an interruption is for: `pause` frees the GPU whatever it does, the others concern the
 * training alone.
 */
type Interruptible = 'training' | 'other';

export class RunControl {
  readonly carried: Carried;
  private readonly interruptible = new Map<CancellationScope, Interruptible>();

  constructor(run: string, stages: [StageName, string][], carried?: Carried) {
    this.carried = carried ?? {
      status: {
        run,
        state: 'running',
        stages: stages.map(([name, unit]) => ({
          name,
          unit,
          state: 'waiting',
          done: 0,
          total: 0,
          seconds: 0,
        })),
        epochs: {},
        scores: {},
        failures: [],
      },
      stopAfterEpoch: null,
      kept: {},
      runIds: [],
    };
    if (!carried) upsertSearchAttributes([{ key: runKey, value: run }]);
    setHandler(statusQuery, () => this.status);
    setHandler(pauseUpdate, () => this.setPaused(true));
    setHandler(resumeUpdate, () => this.setPaused(false));
    setHandler(stopAfterEpochUpdate, (epoch) => this.stopAfter(epoch), { validator: validEpoch });
    setHandler(epochSignal, (record) => this.recordEpoch(record));
  }

  get status(): RunStatus {
    return this.carried.status;
  }

  get stopAfterEpoch(): number | null {
    return this.carried.stopAfterEpoch;
  }

  /**
   * An object or list that is carried along with whatever is written into it. Plain data, small
   * whatever the corpus.
   */
  kept<T extends object>(name: string, initial: T): T {
    return (this.carried.kept[name] ??= initial) as T;
  }

  /**
   * Work whose result is carried along, so that it is done once however often the history is begun
   * anew.
   */
  async once<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { kept } = this.carried;
    if (!(name in kept)) kept[name] = (await work()) ?? null;
    return kept[name] as T;
  }

  /** Runs a stage, once: counts its time and shows it in the search attributes. */
  async stage<T>(
    name: StageName,
    total: number,
    work: (stage: StageStatus) => Promise<T>,
  ): Promise<T> {
    const stage = this.status.stages.find((each) => each.name === name);
    if (!stage) throw new Error(`no stage ${name}`);
    return await this.once(`stage ${name}`, async () => {
      if (stage.state === 'waiting') upsertSearchAttributes([{ key: stageKey, value: name }]);
      stage.state = 'running';
      stage.total = total;
      const startedMs = Date.now();
      try {
        const result = await work(stage);
        stage.state = 'done';
        return result;
      } finally {
        stage.seconds += (Date.now() - startedMs) / 1000;
      }
    });
  }

  /**
   * The items of a stage that are not done yet, at most `width` in flight, none begun while the run
   * is paused.
   */
  async eachOf(
    stage: StageStatus,
    width: number,
    work: (item: number) => Promise<void>,
  ): Promise<void> {
    const window = { from: stage.done, count: stage.total, width, isOver: isHistoryLong };
    const next = await slidingWindow(window, async (item) => {
      await this.whilePaused();
      await work(item);
      stage.done++;
    });
    if (next < stage.total) throw new HistoryLong();
  }

  /**
   * Runs an activity that `pause` may interrupt, and a training that `stopAfterEpoch` and a long
   * history may: it writes its checkpoint and ends, and is started again when the run goes on.
   */
  async interruptibly<T>(what: Interruptible, activity: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.whilePaused();
      if (what === 'training' && isHistoryLong()) throw new HistoryLong();
      const scope = new CancellationScope();
      this.interruptible.set(scope, what);
      try {
        return await scope.run(activity);
      } catch (error) {
        // Whoever interrupts takes it out.
        if (!isCancellation(error) || this.interruptible.has(scope)) throw error;
      } finally {
        this.interruptible.delete(scope);
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
    const { status } = this;
    if (status.state !== 'running' && status.state !== 'paused') return status.state;
    status.state = paused ? 'paused' : 'running';
    if (paused) this.interrupt(['training', 'other']);
    return status.state;
  }

  private stopAfter(epoch: number): number {
    this.carried.stopAfterEpoch = epoch;
    this.interrupt(['training']);
    return epoch;
  }

  private interrupt(what: readonly Interruptible[]): void {
    for (const [scope, kind] of [...this.interruptible]) {
      if (!what.includes(kind)) continue;
      this.interruptible.delete(scope);
      scope.cancel();
    }
  }

  private recordEpoch(record: EpochRecord): void {
    const { epochs } = this.status;
    const known = epochs[record.student];
    if (known && known.epoch > record.epoch) return;
    epochs[record.student] = { ...record, mAP: record.mAP ?? known?.mAP ?? null };
    upsertSearchAttributes([
      { key: studentKey, value: record.student },
      { key: epochKey, value: record.epoch },
      ...(record.mAP === null ? [] : [{ key: mapKey, value: record.mAP }]),
    ]);
    if (isHistoryLong()) this.interrupt(['training']);
  }
}

function validEpoch(epoch: number): void {
  if (!Number.isInteger(epoch) || epoch < 1)
    throw new Error(`stopAfterEpoch: ${String(epoch)}, expected a whole number of at least 1`);
}
