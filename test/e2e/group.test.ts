import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { repositoryRoot } from '../../infra/toolchain';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster, kill } from '../support/cluster';
import { statusOf, until } from '../support/small-run';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

const LEFT_OUT = ['train-3', 'train-40'];

/**
 * Two students that each want all of the workers and learn without the clips that a user's activity
 * leaves out, on a real server with real processes.
 */
describe('students that several workers train together', () => {
  let cluster: Cluster;
  let corpus: ToneCorpus;
  let teacher: object;
  let selecting: ChildProcess;

  beforeAll(async () => {
    cluster = await Cluster.start();
    corpus = writeToneCorpus(cluster.folder, { train: 64, validation: 16, eval: 16 });
    teacher = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    await cluster.worker('cpu');
    const entry = join(repositoryRoot, 'dist/test/support/selecting-worker.js');
    const args = [entry, cluster.address, 'selection', ...LEFT_OUT];
    selecting = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  });
  afterAll(async () => {
    if (selecting) await kill(selecting);
    await cluster?.stop();
  });

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
          selection: { activity: 'leaveOut', taskQueue: 'selection' },
        },
      ],
    });
  const studentsOf = async (handle: WorkflowHandle): Promise<string[]> => {
    const { students, selection } = (await handle.result()) as RunResult;
    expect(selection?.examples).toEqual(LEFT_OUT);
    return students.map(({ sha256 }) => sha256);
  };
  const peer = (): Promise<ChildProcess> =>
    cluster.worker('gpu', { options: ['--peers', '127.0.0.1'] });

  /** At each training of a run, and the clips that it left out. */
  function trainings(run: string): { attempts: number; leftOutClips: unknown }[] {
    const folder = join(cluster.folder, `store-${run}/training`);
    return readdirSync(folder).map((key) => {
      const manifest = readFileSync(join(folder, key, 'manifest.json'), 'utf8');
      const { leftOutClips } = JSON.parse(manifest) as { leftOutClips?: number };
      return { attempts: readdirSync(join(folder, key, 'attempts')).length, leftOutClips };
    });
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
      const { epoch = 0, group } = (await statusOf(handle)).epochs['one'] ?? {};
      const rates = group?.stepsPerSecond?.filter((rate) => rate !== null && rate > 0);
      return group?.members === 2 && epoch >= 5 && rates?.length === 2;
    });
    await kill(await member(handle, workers));
    await peer();
    expect(await studentsOf(handle)).toEqual(expected);
    // The leader went on in the same attempt.
    const each = { attempts: 1, leftOutClips: LEFT_OUT.length };
    expect(trainings('pair')).toEqual([each, each]);
  });
});
