import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';
import { openStore } from '../../storage/open-store';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster, kill } from '../support/cluster';
import { statusOf, until } from '../support/small-run';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

describe('a run with a teacher in a worker of another program', () => {
  let cluster: Cluster;
  let corpus: ToneCorpus;
  let native: object;
  const teachers: ChildProcess[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start();
    corpus = writeToneCorpus(cluster.folder, { train: 12, validation: 6, eval: 6 });
    native = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    await cluster.worker('all');
  }, 180_000);
  afterAll(async () => {
    await Promise.all(teachers.map(kill));
    await cluster?.stop();
  }, 60_000);

  /** @param onLine is called with what it prints */
  const startTeacher = (pauseMs: number, onLine: (line: string) => void = () => undefined) => {
    const entry = join(repositoryRoot, 'dist/test/support/reference-worker.js');
    const { address, folder } = cluster;
    const classes = join(folder, corpus.vocabulary);
    const child = spawn(
      process.execPath,
      [entry, address, 'teacher-reference', folder, classes, String(pauseMs)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    teachers.push(child);
    child.stdout?.on('data', (text: Buffer) => text.toString().split('\n').forEach(onLine));
    return child;
  };

  const startRun = async (name: string) =>
    await cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: name,
      args: [
        {
          name,
          store: `store-${name}`,
          corpus: { ...corpus, clipsPerShard: 6 },
          teachers: [
            { name: 'reference', format: 'worker', taskQueue: 'teacher-reference', weight: 2 },
            native,
          ],
          logits: {
            ...{ views: 8, topK: 4, chunkSeconds: 1, seed: 7 },
            augment: { timeMask: { maxFrames: 0 }, freqMask: { maxBins: 0 } },
          },
          students: [
            {
              ...{ name: 'student', model: { embedDim: 32, depth: 1, heads: 2 } },
              ...{ epochs: 2, batchSize: 6, warmupSteps: 2, seed: 3 },
            },
          ],
        },
      ],
    });

  const logitsOf = async (name: string, { logits }: RunResult): Promise<Map<string, Buffer>> => {
    const store = openStore(cluster.folder, `store-${name}`);
    const shards = (await store.list(`logits/${logits!.key}/`)).filter((key) =>
      key.endsWith('.parquet'),
    );
    return new Map(
      await Promise.all(
        shards.map(async (key) => [key, Buffer.from((await store.read(key))!)] as const),
      ),
    );
  };

  it('waits for the worker, survives its death, and gives the same logits', async () => {
    const handle = await startRun('disturbed');
    const waiting = /^teacher reference: no worker on task queue teacher-reference answers/;
    await until(
      async () => (await statusOf(handle)).notes?.some((note) => waiting.test(note)) ?? false,
    );
    const inShard = new Promise<void>((resolve) => {
      startTeacher(300, (line) => {
        // In the middle of a train shard: 48 rows, 16 a batch.
        if (/batch outputs\/\w+\/\w{64}\/\w+\.npy 16$/.test(line)) resolve();
      });
    });
    await inShard;
    expect((await statusOf(handle)).notes ?? []).not.toContainEqual(expect.stringMatching(waiting));
    await kill(teachers[0]!);
    startTeacher(0);
    const disturbed = (await handle.result()) as RunResult;
    const undisturbed = (await (await startRun('undisturbed')).result()) as RunResult;
    expect(disturbed.logits?.rows).toBe(12 * 8);
    expect(disturbed.teachers.map(({ name }) => name)).toEqual(['reference', 'untrained-1']);
    expect(disturbed.teachers[0]!.mAP).toEqual(expect.any(Number));
    const [one, other] = [
      await logitsOf('disturbed', disturbed),
      await logitsOf('undisturbed', undisturbed),
    ];
    expect(one.size).toBe(2);
    expect(other).toEqual(one);
    expect(disturbed.students[0]!.sha256).toBe(undisturbed.students[0]!.sha256);
    const left = await openStore(cluster.folder, 'store-disturbed').list('outputs/');
    expect(left.filter((key) => key.includes('.part/'))).toEqual([]);
  });
});
