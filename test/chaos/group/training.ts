/** One training by a group, and what can be known of it from outside. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { layout } from '../../../storage/layout';
import { sha256, type Store } from '../../../storage/store';
import type { RunResult } from '../../../workflows/contract/activities';
import { statusOf } from '../../support/small-run';
import { workRepeated } from '../effort';
import type { Deed } from '../witness';
import type { GroupScene, GroupWorker } from './scene';

const STUDENT = 'student';
const VALIDATE_EVERY = 5;
/**
 * In the future still when the training learns of them. The status may be nine epochs old, as
 * epochs share signals.
 */
const MARGIN_EPOCHS = 30;
const { PENDING_ACTIVITY_STATE_STARTED } = temporal.api.enums.v1.PendingActivityState;

export interface TrainingHashes {
  student: string;
  /** Of the last checkpoint. */
  weights: string;
  /** Adam's, both. */
  moments: string;
  metrics: string;
  bitExact: boolean;
  epoch: number;
}

export class GroupTraining {
  private constructor(
    readonly scene: GroupScene,
    readonly handle: WorkflowHandle,
    private readonly run: string,
    private readonly uri: string,
    private readonly store: Store,
    /** At most, and on the whole. */
    readonly size: number,
  ) {}

  /**
   * @param min workers that it waits for at the start
   * @param stop several runs may continue one training in a store, each to a later epoch
   */
  static async start(
    scene: GroupScene,
    run: string,
    size: number,
    {
      min = Math.min(2, size),
      stop,
    }: { min?: number; stop?: { store: string; epoch: number } } = {},
  ): Promise<GroupTraining> {
    const { uri, store } = scene.service.store(stop?.store ?? run);
    const student = {
      ...{ name: STUDENT, model: { embedDim: 32, depth: 1, heads: 2 } },
      ...{ epochs: 100_000, batchSize: 8, parts: 8, seed: 3 },
      workers: { min, max: size },
      ...{ learningRate: 2e-3, warmupSteps: 20, validateEvery: VALIDATE_EVERY, earlyStop: 0 },
      checkpointSeconds: 2,
    };
    const { corpus } = scene;
    const started = {
      ...{ taskQueue: 'ced', workflowId: run },
      args: [{ name: run, store: uri, corpus, chunkSeconds: 1, teachers: [student] }],
    };
    const { workflow } = scene.cluster.client;
    // Told together with the start, so that it is never told of an epoch gone by.
    if (stop)
      await workflow.executeUpdateWithStart('stopAfterEpoch', {
        args: [stop.epoch],
        startWorkflowOperation: new WithStartWorkflowOperation('teach', {
          ...{ ...started, workflowIdConflictPolicy: 'FAIL' },
        }),
      });
    else await workflow.start('teach', started);
    const handle = workflow.getHandle(run);
    return new GroupTraining(scene, handle, run, uri, store, size);
  }

  get deeds(): Deed[] {
    return this.scene.deedsOf(this.uri);
  }

  get stepsRepeated(): number {
    return workRepeated(this.deeds).steps;
  }

  newStepsSince(ms: number): boolean {
    return this.newSteps().some((each) => each > ms);
  }

  /** Between two steps never taken before, from a moment on. */
  longestPauseSeconds(fromMs: number): number {
    const times = [fromMs, ...this.newSteps().filter((ms) => ms > fromMs)];
    const pauses = times.map((ms, index) => ms - (times[index - 1] ?? ms));
    return Math.max(...pauses) / 1000;
  }

  /** When each step was taken for the first time. */
  private newSteps(): number[] {
    let reached = 0;
    return this.deeds.flatMap(({ ms, done }) => {
      if (done <= reached) return [];
      reached = done;
      return [ms];
    });
  }

  async lastEpoch(): Promise<number> {
    return (await statusOf(this.handle)).epochs[STUDENT]?.epoch ?? 0;
  }

  /** Waits for an epoch after this moment that all workers ended together. */
  async whole(withinMs: number): Promise<void> {
    const before = await this.lastEpoch();
    await this.eventually('the group is not whole again', withinMs, async () => {
      const last = (await statusOf(this.handle)).epochs[STUDENT];
      return last !== undefined && last.epoch > before && last.group?.members === this.size;
    });
  }

  /** Living workers that have the activity. */
  async having(type: 'trainModel' | 'joinTraining'): Promise<GroupWorker[]> {
    const { pendingActivities } = (await this.handle.describe()).raw;
    const pids = (pendingActivities ?? [])
      .filter(
        ({ activityType, state }) =>
          activityType?.name === type && state === PENDING_ACTIVITY_STATE_STARTED,
      )
      .map(({ lastWorkerIdentity }) => Number(lastWorkerIdentity?.split('@')[0]));
    return this.scene.workers.filter(({ process: { pid } }) => pids.includes(pid ?? NaN));
  }

  async leader(): Promise<GroupWorker> {
    const [leader] = await this.having('trainModel');
    if (!leader) throw new Error('nobody leads');
    return leader;
  }

  async members(count: number): Promise<GroupWorker[]> {
    const members = (await this.having('joinTraining')).slice(0, count);
    if (members.length < count) throw new Error(`${members.length} members instead of ${count}`);
    return members;
  }

  /** @throws when it is not so in time, or the run has failed */
  async eventually(
    what: string,
    withinMs: number,
    look: () => boolean | Promise<boolean>,
  ): Promise<void> {
    for (const deadline = performance.now() + withinMs; !(await look()); await sleep(100))
      if (performance.now() > deadline) throw new Error(`${what}: waited for ${withinMs / 1000} s`);
  }

  /** Stops soon. @returns the last epoch */
  async stop(afterEpoch: number): Promise<number> {
    const soon = Math.max(afterEpoch, (await this.lastEpoch()) + MARGIN_EPOCHS);
    const epoch = Math.ceil(soon / VALIDATE_EVERY) * VALIDATE_EVERY;
    await this.handle.executeUpdate('stopAfterEpoch', { args: [epoch] });
    return epoch;
  }

  /** At its end: what must not depend on its workers. */
  async hashes(): Promise<TrainingHashes> {
    const [student] = ((await this.handle.result()) as RunResult).students;
    if (!student) throw new Error('no student');
    const keys = (await this.store.list('training/')).sort();
    const newest = keys.filter((key) => /\/checkpoints\/.*\/state\.json$/.test(key)).at(-1) ?? '';
    const ofRun = await this.store.list(`runs/${this.run}/`);
    const metrics = ofRun.find((key) => key.endsWith(`/${layout.metricsFile(STUDENT)}`)) ?? '';
    return {
      student: await this.hash(layout.model(student.sha256)),
      weights: await this.hash(newest.replace('state.json', 'model.safetensors')),
      moments: await this.hash(newest.replace('state.json', 'adam.safetensors')),
      metrics: await this.hash(metrics),
      bitExact: student.bitExact,
      epoch: await this.lastEpoch(),
    };
  }

  /** At its end: one hash over student, last checkpoint and metrics. */
  async fingerprint(): Promise<string> {
    return sha256(Buffer.from(JSON.stringify(await this.hashes())));
  }

  private async hash(key: string): Promise<string> {
    const bytes = await this.store.read(key);
    if (bytes === null) throw new Error(`${key === '' ? 'what to compare' : key} is not there`);
    return sha256(bytes);
  }
}
