import type { ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
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
  });
  afterAll(async () => cluster?.stop());

  const student = (name: string, seed: number, epochs: number) => ({
    ...{ name, seed, epochs, model: { embedDim: 32, depth: 2, heads: 2 } },
    ...{ batchSize: 8, parts: 4, workers: { min: 2, max: 2 } },
    ...{ learningRate: 2e-3, warmupSteps: 20, validateEvery: 10, averageBest: 2, earlyStop: 0 },
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
          students: [student('one', 3, 100), student('two', 4, 20)],
        },
      ],
    });
  const studentsOf = async (handle: WorkflowHandle): Promise<string[]> =>
    ((await handle.result()) as RunResult).students.map(({ sha256 }) => sha256);
  const peer = (): Promise<ChildProcess> =>
    cluster.worker('gpu', { options: ['--peers', '127.0.0.1'] });

  /** At each training of a run. */
  function attempts(run: string): number[] {
    const folder = join(cluster.folder, `store-${run}/training`);
    return readdirSync(folder).map((key) => readdirSync(join(folder, key, 'attempts')).length);
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
    await until(async () => {
      const last = (await statusOf(handle)).epochs['one'];
      return last?.group?.members === 2 && last.epoch >= 5;
    });
    await kill(await member(handle, workers));
    await peer();
    expect(await studentsOf(handle)).toEqual(expected);
    // The leader went on in the same attempt.
    expect(attempts('pair')).toEqual([1, 1]);
  });
});
