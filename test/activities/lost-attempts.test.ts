import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncLocalStorage, Context } from '@temporalio/activity';
import type { MetricMeter } from '@temporalio/common';
import { createGpuActivities } from '../../activities/create-activities';
import type { ActivityDependencies } from '../../activities/dependencies';
import { EngineLost } from '../../jobs/engine-jobs';
import { encodeChecksummed } from '../../storage/checksum';
import { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { PermanentError } from '../../workflows/contract/failures';

/**
 * Activities as a worker calls them, on a real store, with an engine that does what a test says.
 */
describe('attempts that are lost', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-lost-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  type Activity = 'scoreModel' | 'compareModels' | 'computeLogits' | 'trainModel';
  const input = { store: 'store', shard: 7, model: { name: 'base' }, settings: { name: 'mini' } };

  /** One attempt. @returns its result or what it fails with */
  async function attempt(
    activityType: Activity,
    number: number,
    engine: () => Promise<unknown>,
  ): Promise<unknown> {
    const activities = createGpuActivities({
      openStore: () => new FolderStore(join(folder, 'store')),
      engine: { run: engine },
      notifyEpoch: () => Promise.resolve(),
      worker: 'worker-1',
    } as unknown as ActivityDependencies);
    const info = {
      activityType,
      activityId: '5',
      attempt: number,
      taskQueue: 'ced-gpu',
      currentAttemptScheduledTimestampMs: 0,
      workflowExecution: { workflowId: 'mine', runId: 'run' },
    };
    const silent = { info() {}, warn() {}, error() {}, debug() {}, trace() {}, log() {} };
    const context = new Context(
      info as unknown as Context['info'],
      new Promise<never>(() => undefined),
      new AbortController().signal,
      () => undefined,
      undefined,
      silent,
      {} as unknown as MetricMeter,
      {},
    );
    return await asyncLocalStorage.run(context, () =>
      (activities[activityType] as (given: unknown) => Promise<unknown>)(input).catch(
        (error: unknown) => error,
      ),
    );
  }

  const lost = (): Promise<never> =>
    Promise.reject(new EngineLost("the engine's process ended (SIGKILL)"));
  const unreachable = (): Promise<never> => Promise.reject(new Error('no server answers'));
  const result = { reused: false };
  const done = (): Promise<unknown> => Promise.resolve(result);

  it.each(['scoreModel', 'compareModels', 'computeLogits'] as const)(
    'ten times in a row end %s with NoProgress and how the last one was lost',
    async (activity) => {
      for (let number = 1; number <= 10; number++)
        expect(await attempt(activity, number, lost)).toMatchObject({ name: 'EngineLost' });
      expect(await attempt(activity, 11, done)).toMatchObject({
        type: 'NoProgress',
        nonRetryable: true,
        message: expect.stringMatching(/^10 attempts in a row .*SIGKILL/) as string,
      });
    },
  );

  it('with their worker, which left no word, count as well', async () => {
    const store = new FolderStore(join(folder, 'store'));
    for (let number = 1; number <= 10; number++)
      await store.create(
        layout.activityAttempt('run', '5', number, 'start'),
        encodeChecksummed({
          formatVersion: 1,
          activity: 'computeLogits',
          activityId: '5',
          attempt: number,
          taskQueue: 'ced-gpu',
          worker: 'worker-1',
          what: 'logits shard 0',
          model: null,
          scheduledMs: 0,
          startedMs: 0,
        }),
      );
    expect(await attempt('computeLogits', 11, done)).toMatchObject({
      type: 'NoProgress',
      message: expect.stringContaining('worker worker-1') as string,
    });
  });

  it('do not end it when one among them failed by itself', async () => {
    for (let number = 1; number <= 10; number++)
      await attempt('scoreModel', number, number === 4 ? unreachable : lost);
    expect(await attempt('scoreModel', 11, done)).toEqual(result);
  });

  it('are counted by steps in a training, whose failure says how the last was lost', async () => {
    for (let number = 1; number <= 10; number++) await attempt('trainModel', number, lost);
    expect(await attempt('trainModel', 11, done)).toEqual(result);
    const noProgress = (): Promise<never> =>
      Promise.reject(new PermanentError('NoProgress', '10 attempts began at step 0'));
    await attempt('trainModel', 12, lost);
    expect(await attempt('trainModel', 13, noProgress)).toMatchObject({
      type: 'NoProgress',
      message: expect.stringMatching(/began at step 0; .*SIGKILL/) as string,
    });
  });
});
