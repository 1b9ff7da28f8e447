import type { ChildProcess } from 'node:child_process';
import type { WorkflowHandle } from '@temporalio/client';
import { payloadReader } from '../../cli/run/payload-reader';
import { pendingActivities } from '../../cli/run/status-feed';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster, kill } from '../support/cluster';
import { statusOf, until } from '../support/small-run';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

/** Two students that each want all of the workers, on a real server with real processes. */
describe('students that several workers train together', () => {
  let cluster: Cluster;
  let corpus: ToneCorpus;
  let teacher: object;

  beforeAll(async () => {
    cluster = await Cluster.start();
    corpus = writeToneCorpus(cluster.folder, { train: 64, validation: 16, eval: 16 });
    teacher = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    await cluster.worker('cpu');
  }, 120_000);
  afterAll(async () => cluster?.stop(), 60_000);

  const student = (name: string, seed: number) => ({
    ...{ name, seed, model: { embedDim: 32, depth: 2, heads: 2 } },
    ...{ epochs: 60, batchSize: 8, parts: 4, workers: { min: 2, max: 2 } },
    ...{ learningRate: 2e-3, warmupSteps: 20, validateEvery: 5, averageBest: 2, earlyStop: 0 },
    checkpointSeconds: 0.5,
  });
  const start = (name: string): Promise<WorkflowHandle> =>
    cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: name,
      args: [
        {
          ...{ name, store: `store-${name}`, corpus: { ...corpus, clipsPerShard: 32 } },
          ...{ teachers: [teacher], logits: { views: 2, topK: 4, chunkSeconds: 1, seed: 7 } },
          students: [student('one', 3), student('two', 4)],
        },
      ],
    });
  const studentsOf = async (handle: WorkflowHandle): Promise<string[]> =>
    ((await handle.result()) as RunResult).students.map(({ sha256 }) => sha256);
  const peer = (): Promise<ChildProcess> =>
    cluster.worker('gpu', { options: ['--peers', '127.0.0.1'] });

  /** As the leader's heartbeat says. */
  async function group(
    handle: WorkflowHandle,
  ): Promise<{ generation: number; members: number } | null> {
    const pending = await pendingActivities(await handle.describe(), payloadReader(cluster.client));
    const leader = pending.find(({ type }) => type === 'trainModel');
    return leader?.progress?.group ?? null;
  }

  /** The process that takes part in a training that another leads. */
  async function member(handle: WorkflowHandle, workers: ChildProcess[]): Promise<ChildProcess> {
    const { pendingActivities: pending } = (await handle.describe()).raw;
    const joined = pending?.find(({ activityType }) => activityType?.name === 'joinTraining');
    const pid = Number(joined?.lastWorkerIdentity?.split('@')[0]);
    const found = workers.find((worker) => worker.pid === pid);
    if (!found) throw new Error(`no worker is ${joined?.lastWorkerIdentity}`);
    return found;
  }

  it('end with the bytes of one worker, when a member is killed and another comes', async () => {
    const alone = await cluster.worker('gpu');
    const expected = await studentsOf(await start('alone'));
    await kill(alone);

    const workers = [await peer(), await peer()];
    const handle = await start('pair');
    await until(async () => ((await statusOf(handle)).epochs['one']?.epoch ?? 0) >= 5);
    await until(async () => (await group(handle))?.members === 2);
    await kill(await member(handle, workers));
    await peer();
    expect(await studentsOf(handle)).toEqual(expected);
  }, 240_000);
});
