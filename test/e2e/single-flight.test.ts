import type { ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type {
  PredictedLogits,
  LogitsBusy,
  LogitsShard,
  RunResult,
} from '../../workflows/contract/activities';
import { Cluster, kill } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

/**
 * Two GPU workers, and two runs that differ in their student alone: they need the same logit shards
 * at the same time.
 */
describe('two runs on one store', () => {
  let cluster: Cluster;
  let gpuWorkers: ChildProcess[];
  const clips = 30;

  beforeAll(async () => {
    cluster = await Cluster.start();
    writeToneCorpus(cluster.folder, { train: clips, validation: 0, eval: 0 });
    [, ...gpuWorkers] = await Promise.all([
      cluster.worker('cpu'),
      cluster.worker('gpu'),
      cluster.worker('gpu'),
    ]);
  });
  afterAll(async () => cluster?.stop());

  const start = async (
    name: string,
    fields: { store: string; seed: number; shards: number; views: number },
  ): Promise<WorkflowHandle> => {
    const run = {
      name,
      store: fields.store,
      corpus: {
        train: 'train.jsonl',
        vocabulary: 'vocabulary.csv',
        clipsPerShard: clips / fields.shards,
      },
      teachers: [writeUntrainedTeacher(cluster.folder, 'vocabulary.csv', 4)],
      logits: { views: fields.views, topK: 3, chunkSeconds: 1 },
      students: [
        {
          name,
          model: { embedDim: 32, depth: 1, heads: 2 },
          epochs: 1,
          batchSize: 32,
          warmupSteps: 0,
          mixup: 0,
          seed: fields.seed,
        },
      ],
    };
    return await cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: name,
      args: [run],
    });
  };

  it('compute each shard once, the other one waiting on a timer of the server', async () => {
    let haveMet = false;
    // Twice the work until they meet: on a fast machine the first run may be done when the second
    // one comes.
    for (let views = 80; !haveMet; views *= 2) {
      const fields = { store: `shared-${views}`, shards: 3, views };
      const runs = [
        await start(`one-${views}`, { ...fields, seed: 1 }),
        await start(`two-${views}`, { ...fields, seed: 2 }),
      ];
      const [one, two] = (await Promise.all(runs.map((run) => run.result()))) as [
        RunResult,
        RunResult,
      ];
      expect(two.logits).toEqual(one.logits);
      const shards = (await Promise.all(runs.map(shardsOf))).flat();
      expect(shards).toHaveLength(2 * fields.shards);
      expect(shards.filter(({ reused }) => !reused)).toHaveLength(fields.shards);
      const answers = (await Promise.all(runs.map(logitsOf))).flat();
      haveMet = answers.some((answer) => 'busy' in answer);
    }
  });

  it('hand a shard over when the one that computes it is cancelled', async () => {
    // One shard, long enough to be cancelled in the middle.
    const fields = { store: 'handed-over', shards: 1, views: 800 };
    const [first, second] = [
      await start('first', { ...fields, seed: 1 }),
      await start('second', { ...fields, seed: 2 }),
    ];
    const [computing, waiting] = await oneWaitsForTheOther(first, second);
    await computing.cancel();
    await expect(computing.result()).rejects.toThrow();
    expect(((await waiting.result()) as RunResult).logits).toMatchObject({
      rows: clips * fields.views,
    });
    expect(await shardsOf(waiting)).toMatchObject([{ reused: false }]);
  });

  it('hand over a shard when its worker is killed and its run terminated', async () => {
    // More shards than workers: where each worker begins with one of the same run, that run's last
    // shard is at work when the other run comes to it.
    const fields = { store: 'left-behind', shards: 3, views: 400 };
    const [first, second] = [
      await start('doomed', { ...fields, seed: 1 }),
      await start('heir', { ...fields, seed: 2 }),
    ];
    const [computing, waiting] = await oneWaitsForTheOther(first, second);
    const identity = (await computing.describe()).raw.pendingActivities?.find(
      ({ activityType, lastWorkerIdentity }) =>
        activityType?.name === 'computeLogits' && lastWorkerIdentity,
    )?.lastWorkerIdentity;
    const worker = gpuWorkers.find(({ pid }) => identity?.startsWith(`${pid}@`));
    expect(worker).toBeDefined();
    await kill(worker!);
    await computing.terminate('left behind');
    expect(((await waiting.result()) as RunResult).logits).toMatchObject({
      rows: clips * fields.views,
    });
    const shards = await shardsOf(waiting);
    expect(shards).toHaveLength(fields.shards);
    // What the doomed run had finished is not predicted again, what it lost is predicted once.
    expect(
      [...shards, ...(await shardsOf(computing))].filter(({ reused }) => !reused),
    ).toHaveLength(fields.shards);
    const left = readdirSync(join(cluster.folder, fields.store, 'logits'), {
      recursive: true,
      encoding: 'utf8',
    });
    expect(left.filter((file) => /\.(lease|rows)/.test(file))).toEqual([]);
  });
});

/** @returns the run that computes a shard, and the one that was sent away from it */
async function oneWaitsForTheOther(
  first: WorkflowHandle,
  second: WorkflowHandle,
): Promise<[WorkflowHandle, WorkflowHandle]> {
  const isSentAway = async (run: WorkflowHandle): Promise<boolean> =>
    (await logitsOf(run)).some((answer) => 'busy' in answer);
  let ended = 0;
  for (const run of [first, second])
    void run
      .result()
      .finally(() => ended++)
      .catch(() => undefined);
  for (;;) {
    const haveEnded = ended === 2;
    if (await isSentAway(second)) return [first, second];
    if (await isSentAway(first)) return [second, first];
    if (haveEnded) throw new Error('both runs ended, and never met at a shard');
    await pause(50);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function shardsOf(run: WorkflowHandle): Promise<(LogitsShard | PredictedLogits)[]> {
  return (await logitsOf(run)).flatMap((answer) => ('busy' in answer ? [] : [answer]));
}

/** What a run's `computeLogits` activities gave back so far. */
async function logitsOf(
  run: WorkflowHandle,
): Promise<(LogitsShard | PredictedLogits | LogitsBusy)[]> {
  const { events = [] } = await run.fetchHistory();
  const names = new Map(
    (events ?? []).map(({ eventId, activityTaskScheduledEventAttributes }) => [
      String(eventId),
      activityTaskScheduledEventAttributes?.activityType?.name,
    ]),
  );
  return (events ?? []).flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    if (!completed || names.get(String(completed.scheduledEventId)) !== 'computeLogits') return [];
    const data = completed.result?.payloads?.[0]?.data;
    return data
      ? [
          JSON.parse(Buffer.from(data).toString('utf8')) as
            LogitsShard | PredictedLogits | LogitsBusy,
        ]
      : [];
  });
}
