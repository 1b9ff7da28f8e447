/**
 * A run's status and its controls: query `status`, updates `pause`, `resume` and `stopAfterEpoch`.
 * Live step, loss and ETA are not here but in heartbeats: a workflow task per step would cost too
 * much. All of it goes on to the next run when the history gets too long (run-to-end.ts).
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Continuation } from './continuation';
import type { EpochRecord, TrainingLeader } from './contract/activities';
import { EPOCH_SIGNAL, LEADER_SIGNAL, STATUS_QUERY } from './contract/names';
import { shortText } from './contract/short-text';
import type { RunStatus, StageName, StageStatus } from './contract/status';
import { slidingWindow } from './sliding-window';
import { stageTable } from './stage-table';
import { HistoryTooLong, isHistoryTooLong } from './history-length';

export const statusQuery = defineQuery<RunStatus>(STATUS_QUERY);
export const pauseUpdate = defineUpdate<RunStatus['state']>('pause');
export const resumeUpdate = defineUpdate<RunStatus['state']>('resume');
export const stopAfterEpochUpdate = defineUpdate<number, [number]>('stopAfterEpoch');
export const epochSignal = defineSignal<[EpochRecord]>(EPOCH_SIGNAL);

export const leaderSignal = defineSignal<[TrainingLeader]>(LEADER_SIGNAL);

const stageKey = defineSearchAttributeKey('CedStage', 'KEYWORD');
const runKey = defineSearchAttributeKey('CedRun', 'KEYWORD');
const studentKey = defineSearchAttributeKey('CedStudent', 'KEYWORD');
const epochKey = defineSearchAttributeKey('CedEpoch', 'INT');
const mapKey = defineSearchAttributeKey('CedMap', 'DOUBLE');

const MOST_NOTES = 30;
const LONGEST_NOTE = 500;

/**
 * Kind of an activity that can be interrupted: `pause` frees the GPU of either, `stopAfterEpoch`
 * and a long history interrupt trainings alone.
 */
type Interruptible = 'training' | 'other';

export class RunControl {
  readonly continuation: Continuation;
  /** The newest of each model in training. */
  private readonly leaders = new Map<string, TrainingLeader>();
  private calls = 0;
  private readonly interruptible = new Map<CancellationScope, Interruptible>();

  constructor(run: string, stages: [StageName, string][], continuation?: Continuation) {
    this.continuation = continuation ?? {
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
    if (!continuation) upsertSearchAttributes([{ key: runKey, value: run }]);
    setHandler(statusQuery, () => this.status, {
      description: 'stages with done and total, last epochs, scores, notes and failures',
    });
    setHandler(pauseUpdate, () => this.setPaused(true), {
      description: 'finish the step in progress, write a checkpoint, free the GPU and wait',
    });
    setHandler(resumeUpdate, () => this.setPaused(false), {
      description: 'go on after pause, to the same bytes',
    });
    setHandler(stopAfterEpochUpdate, (epoch) => this.stopAfter(epoch), {
      validator: validEpoch,
      description: 'end trainings with this epoch, then score and publish',
    });
    setHandler(epochSignal, (record) => this.recordEpoch(record), {
      description: 'sent by a training activity at the end of each epoch; not for people',
    });
    setHandler(leaderSignal, (leader) => void this.leaders.set(leader.model, leader), {
      description: 'sent by a training activity that other workers may join; not for people',
    });
    this.showDetails();
  }

  /** Who leads the training of a model, once its activity has said so. */
  leaderOf(model: string): TrainingLeader | undefined {
    return this.leaders.get(model);
  }

  /** Shows the stages in Temporal's web interface. It is no command: histories stay as they are. */
  private showDetails(): void {
    setCurrentDetails(stageTable(this.status));
  }

  get status(): RunStatus {
    return this.continuation.status;
  }

  /** Tells them with the status; each once. */
  note(notes: readonly string[] = []): void {
    const known = this.status.notes ?? [];
    const news = notes.map((note) => shortText(note, LONGEST_NOTE));
    const all = [...new Set([...known, ...news])].slice(0, MOST_NOTES);
    if (all.length > 0) this.status.notes = all;
  }

  /** Removes a note that does not hold any more. */
  withdraw(note: string): void {
    const left = this.status.notes?.filter((each) => each !== note) ?? [];
    if (left.length > 0) this.status.notes = left;
    else delete this.status.notes;
  }

  get stopAfterEpoch(): number | null {
    return this.continuation.stopAfterEpoch;
  }

  /**
   * An object or list that outlives a continue-as-new with everything written into it. Plain data,
   * small whatever the size of the corpus.
   */
  persisted<T extends object>(name: string, initial: T): T {
    return (this.continuation.kept[name] ??= initial) as T;
  }

  /** Does the work unless an earlier run of the chain has: then returns the result of that. */
  async runOnce<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { kept } = this.continuation;
    if (!(name in kept)) kept[name] = (await work()) ?? null;
    return kept[name] as T;
  }

  /** Runs a stage, once: measures its time and shows it in the search attributes. */
  async stage<T>(
    name: StageName,
    total: number,
    work: (stage: StageStatus) => Promise<T>,
  ): Promise<T> {
    const stage = this.status.stages.find((each) => each.name === name);
    if (!stage) throw new Error(`no stage ${name}`);
    return await this.runOnce(`stage ${name}`, async () => {
      if (stage.state === 'waiting') upsertSearchAttributes([{ key: stageKey, value: name }]);
      stage.state = 'running';
      stage.total = total;
      this.showDetails();
      const startedMs = Date.now();
      try {
        const result = await work(stage);
        stage.state = 'done';
        return result;
      } finally {
        stage.seconds += (Date.now() - startedMs) / 1000;
        this.showDetails();
      }
    });
  }

  /**
   * Works on the items of a stage that are not done yet, at most `width` at a time. Starts none
   * while the run is paused.
   * @throws {HistoryTooLong} when items are left for the next run
   */
  async forEachItem(
    stage: StageStatus,
    width: number,
    work: (item: number) => Promise<void>,
  ): Promise<void> {
    const window = { from: stage.done, count: stage.total, width, isOver: isHistoryTooLong };
    const next = await slidingWindow(window, async (item) => {
      await this.whilePaused();
      await work(item);
      stage.done++;
    });
    if (next < stage.total) throw new HistoryTooLong();
  }

  /**
   * Runs an activity that may be interrupted: it writes its checkpoint and ends, and is started
   * again when the run goes on.
   */
  async interruptibly<T>(what: Interruptible, activity: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.whilePaused();
      if (what === 'training' && isHistoryTooLong()) throw new HistoryTooLong();
      const scope = new CancellationScope();
      this.interruptible.set(scope, what);
      try {
        return await scope.run(activity);
      } catch (error) {
        // `interrupt` removes the scope that it cancels; any other cancellation ends the run.
        if (!isCancellation(error) || this.interruptible.has(scope)) throw error;
      } finally {
        this.interruptible.delete(scope);
      }
    }
  }

  /** A number that no other call of this run has. */
  nextCall(): number {
    return ++this.calls;
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
    this.showDetails();
    if (paused) this.interrupt(['training', 'other']);
    return status.state;
  }

  private stopAfter(epoch: number): number {
    this.continuation.stopAfterEpoch = epoch;
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
    const divergence = record.divergence ?? known?.divergence;
    epochs[record.student] = {
      ...record,
      mAP: record.mAP ?? known?.mAP ?? null,
      ...(divergence === undefined ? {} : { divergence }),
    };
    this.showDetails();
    upsertSearchAttributes([
      { key: studentKey, value: record.student },
      { key: epochKey, value: record.epoch },
      ...(record.mAP === null ? [] : [{ key: mapKey, value: record.mAP }]),
    ]);
    if (isHistoryTooLong()) this.interrupt(['training']);
  }
}

function validEpoch(epoch: number): void {
  if (!Number.isInteger(epoch) || epoch < 1)
    throw new Error(`stopAfterEpoch: ${String(epoch)}, expected a whole number of at least 1`);
}
