import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { HeardLogits, LogitsBusy, LogitsShard, RunResult } from '../../workflows/contract/activities';
import { childrenOf, Cluster, kill } from '../support/cluster';
import { until } from '../support/small-run';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntaughtTeacher } from '../support/untaught-teacher';

/** Two GPU workers, and two runs that differ in their student alone: they need the same logit shards at the same time. */
describe('two runs on one store', () => {
  let cluster: Cluster;
  let gpuWorkers: ChildProcess[];
  const clips = 30;

  beforeAll(async () => {
    cluster = await Cluster.start();
    writeToneCorpus(cluster.folder, { train: clips, validation: 0, eval: 0 });
    [, ...gpuWorkers] = await Promise.all([cluster.worker('cpu'), cluster.worker('gpu'), cluster.worker('gpu')]);
  }, 300_000);
  afterAll(async () => cluster?.stop(), 60_000);

  const start = async (name: string, fields: { store: string; seed: number; shards: number; views: number }): Promise<WorkflowHandle> => {
    const run = {
      name,
      store: fields.store,
      corpus: { train: 'train.jsonl', vocabulary: 'vocabulary.csv', clipsPerShard: clips / fields.shards },
      teachers: [writeUntaughtTeacher(cluster.folder, 'vocabulary.csv', 4)],
      logits: { views: fields.views, topK: 3, chunkSeconds: 1 },
      students: [
        { name, model: { embedDim: 32, depth: 1, heads: 2 }, epochs: 1, batchSize: 32, warmupSteps: 0, mixup: 0, seed: fields.seed },
      ],
    };
    return await cluster.client.workflow.start('distill', { taskQueue: 'ced', workflowId: name, args: [run] });
  };

  /** Holds the engine that computes the run's first shard (SIGSTOP) in the middle of it: however fast the machine, another run finds the shard taken. */
  const heldAtFirstShard = async (run: WorkflowHandle, store: string): Promise<{ worker: ChildProcess; letGo: () => void }> => {
    for (;;) {
      const { pendingActivities } = (await run.describe()).raw;
      const identity = pendingActivities?.find(({ activityType }) => activityType?.name === 'computeLogits')?.lastWorkerIdentity;
      const worker = gpuWorkers.find(({ pid }) => identity?.startsWith(`${pid}@`));
      if (worker?.pid !== undefined) {
        const engines = childrenOf(worker.pid);
        const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => engines.forEach((pid) => process.kill(pid, name));
        signal('SIGSTOP');
        const files = filesOf(store).map((file) => extname(file));
        if (files.includes('.rows') || files.includes('.parquet')) throw new Error('the first shard was heard before it could be held');
        if (files.includes('.lease')) return { worker, letGo: () => signal('SIGCONT') };
        signal('SIGCONT');
      }
      await pause(20);
    }
  };
  const filesOf = (store: string): string[] => {
    const folder = join(cluster.folder, store, 'logits');
    return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  };

  it('compute each shard once, the other one waiting on a timer of the server', async () => {
    const fields = { store: 'shared', shards: 3, views: 240 };
    const first = await start('one', { ...fields, seed: 1 });
    const { letGo } = await heldAtFirstShard(first, fields.store);
    const second = await start('two', { ...fields, seed: 2 });
    await sentAway(second);
    letGo();
    const runs = [first, second];
    const [one, two] = (await Promise.all(runs.map((run) => run.result()))) as [RunResult, RunResult];
    expect(two.logits).toEqual(one.logits);
    const heard = (await Promise.all(runs.map(heardBy))).flat();
    expect(heard).toHaveLength(2 * fields.shards);
    expect(heard.filter(({ reused }) => !reused)).toHaveLength(fields.shards);
  }, 500_000);

  it('hand a shard over when the one that computes it is cancelled', async () => {
    // One shard, long enough to hear of the cancellation in the middle of it.
    const fields = { store: 'handed-over', shards: 1, views: 800 };
    const computing = await start('first', { ...fields, seed: 1 });
    const { letGo } = await heldAtFirstShard(computing, fields.store);
    const waiting = await start('second', { ...fields, seed: 2 });
    await sentAway(waiting);
    await computing.cancel();
    letGo();
    await expect(computing.result()).rejects.toThrow();
    expect(((await waiting.result()) as RunResult).logits).toMatchObject({ rows: clips * fields.views });
    expect(await heardBy(waiting)).toMatchObject([{ reused: false }]);
  }, 500_000);

  it('hand a shard over when the worker that computes it is killed and its run terminated', async () => {
    const fields = { store: 'left-behind', shards: 2, views: 400 };
    const computing = await start('doomed', { ...fields, seed: 1 });
    const { worker } = await heldAtFirstShard(computing, fields.store);
    const waiting = await start('heir', { ...fields, seed: 2 });
    await sentAway(waiting);
    await kill(worker);
    await computing.terminate('left behind');
    expect(((await waiting.result()) as RunResult).logits).toMatchObject({ rows: clips * fields.views });
    const heard = await heardBy(waiting);
    expect(heard).toHaveLength(fields.shards);
    // What the doomed run had finished is not heard again, what it lost is heard once.
    expect([...heard, ...(await heardBy(computing))].filter(({ reused }) => !reused)).toHaveLength(fields.shards);
    expect(filesOf(fields.store).filter((file) => /\.(lease|rows)/.test(file))).toEqual([]);
  }, 500_000);
});

async function sentAway(run: WorkflowHandle): Promise<void> {
  await until(async () => (await logitsOf(run)).some((answer) => 'busy' in answer));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function heardBy(run: WorkflowHandle): Promise<(LogitsShard | HeardLogits)[]> {
  return (await logitsOf(run)).flatMap((answer) => ('busy' in answer ? [] : [answer]));
}

/** What a run's `computeLogits` activities gave back so far. */
async function logitsOf(run: WorkflowHandle): Promise<(LogitsShard | HeardLogits | LogitsBusy)[]> {
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
    return data ? [JSON.parse(Buffer.from(data).toString('utf8')) as LogitsShard | HeardLogits | LogitsBusy] : [];
  });
}
