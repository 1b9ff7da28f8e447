import type { WorkflowHandle } from '@temporalio/client';
import type { LogitsBusy, LogitsShard, RunResult } from '../../workflows/contract/activities';
import { Cluster } from '../support/cluster';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntaughtTeacher } from '../support/untaught-teacher';

/** Two GPU workers, and two runs that differ in their student alone: they need the same logit shards at the same time. */
describe('two runs on one store', () => {
  let cluster: Cluster;
  const clips = 30;

  beforeAll(async () => {
    cluster = await Cluster.start();
    writeToneCorpus(cluster.folder, { train: clips, validation: 0, eval: 0 });
    await Promise.all([cluster.worker('cpu'), cluster.worker('gpu'), cluster.worker('gpu')]);
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

  it('compute each shard once, the other one waiting on a timer of the server', async () => {
    const fields = { store: 'shared', shards: 3, views: 80 };
    const runs = [await start('one', { ...fields, seed: 1 }), await start('two', { ...fields, seed: 2 })];
    const [one, two] = (await Promise.all(runs.map((run) => run.result()))) as [RunResult, RunResult];
    expect(two.logits).toEqual(one.logits);
    const answers = (await Promise.all(runs.map(logitsOf))).flat();
    const stored = answers.filter((answer) => !('busy' in answer)) as LogitsShard[];
    expect(stored).toHaveLength(2 * fields.shards);
    expect(stored.filter(({ reused }) => !reused)).toHaveLength(fields.shards);
    expect(answers.some((answer) => 'busy' in answer)).toBe(true);
  }, 500_000);

  it('hand a shard over when the one that computes it is cancelled', async () => {
    // One shard, long enough to be cancelled in the middle.
    const fields = { store: 'handed-over', shards: 1, views: 800 };
    const [first, second] = [await start('first', { ...fields, seed: 1 }), await start('second', { ...fields, seed: 2 })];
    const isSentAway = async (run: WorkflowHandle): Promise<boolean> => (await logitsOf(run)).some((answer) => 'busy' in answer);
    let waiting: WorkflowHandle | undefined;
    for (; waiting === undefined; await pause(50))
      waiting = (await isSentAway(first)) ? first : (await isSentAway(second)) ? second : undefined;
    const computing = waiting === second ? first : second;
    await computing.cancel();
    await expect(computing.result()).rejects.toThrow();
    expect(((await waiting.result()) as RunResult).logits).toMatchObject({ rows: clips * fields.views });
    expect((await logitsOf(waiting)).filter((answer) => !('busy' in answer))).toMatchObject([{ reused: false }]);
  }, 500_000);
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a run's `computeLogits` activities gave back so far. */
async function logitsOf(run: WorkflowHandle): Promise<(LogitsShard | LogitsBusy)[]> {
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
    return data ? [JSON.parse(Buffer.from(data).toString('utf8')) as LogitsShard | LogitsBusy] : [];
  });
}
