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
  });
  afterAll(async () => {
    await Promise.all(teachers.map(kill));
    await cluster?.stop();
  });

  /** @param onLine is called with what it prints */
  const startTeacher = (
    pauseMs: number,
    onLine: (line: string) => void = () => undefined,
    { queue = 'teacher-reference', sampleRate = 16_000 } = {},
  ) => {
    const entry = join(repositoryRoot, 'dist/test/support/reference-worker.js');
    const { address, folder } = cluster;
    const classes = join(folder, corpus.vocabulary);
    const child = spawn(
      process.execPath,
      [entry, address, queue, folder, classes, String(pauseMs), '', String(sampleRate)],
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

  const logitsOf = async (name: string, result: RunResult): Promise<Map<string, Buffer>> =>
    await logitsIn(`store-${name}`, result);
  const logitsIn = async (uri: string, { logits }: RunResult): Promise<Map<string, Buffer>> => {
    const store = openStore(cluster.folder, uri);
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

  const wide = { name: 'wide', format: 'worker', taskQueue: 'teacher-wide', weight: 2 };
  /** With the classes of a teacher at 32 kHz, which only its worker knows. */
  const startWide = async (
    workflowId: string,
    { store = workflowId, topK = 4, ensemble = 'equal' } = {},
  ) => {
    const run = {
      ...{ name: 'wide', store: `store-${store}`, ensemble, teachers: [wide, native] },
      corpus: { ...corpus, vocabulary: 'teacher:wide', clipsPerShard: 6 },
      logits: {
        ...{ views: 8, topK, chunkSeconds: 1, seed: 7 },
        augment: { timeMask: { maxFrames: 0 }, freqMask: { maxBins: 0 } },
      },
      students: [
        {
          ...{ name: 'student', model: { embedDim: 32, depth: 1, heads: 2 } },
          ...{ epochs: 1, batchSize: 6, warmupSteps: 1, seed: 3 },
        },
      ],
    };
    const options = { taskQueue: 'ced', workflowId, args: [run] };
    return await cluster.client.workflow.start('distill', options);
  };

  it('gives classes at 32 kHz, pauses, is cancelled, and repairs its outputs', async () => {
    const batches: string[] = [];
    startTeacher(
      300,
      (line) => {
        // Of a train shard: outputs/<teacher>/<views>/<shard>.npy, 48 rows in three batches.
        const [, shard, done] = /^batch outputs\/\w+\/\w{64}\/(\w+)\.npy (\d+)$/.exec(line) ?? [];
        if (shard !== undefined) batches.push(`${shard} ${done}`);
      },
      { queue: 'teacher-wide', sampleRate: 32_000 },
    );
    const inTrainShard = async (from = 0): Promise<void> =>
      await until(() => Promise.resolve(batches.slice(from).some((line) => line.endsWith(' 16'))));

    // A pause ends the shard between two batches; the run goes on from the part that is kept.
    const paused = await startWide('paused', { ensemble: 'greedy' });
    await inTrainShard();
    await paused.executeUpdate('pause');
    const before = batches.length;
    const store = openStore(cluster.folder, 'store-paused');
    const partsOf = async (of = store): Promise<string[]> =>
      (await of.list('outputs/')).filter((key) => key.includes('.part/'));
    expect(await partsOf()).not.toEqual([]);
    expect((await statusOf(paused)).state).toBe('paused');
    await paused.executeUpdate('resume');
    const result = (await paused.result()) as RunResult;
    expect(result.logits?.rows).toBe(12 * 8);
    expect(result.ensemble.fit).toMatchObject({
      search: 'greedy',
      teachers: [{ name: 'wide' }, { name: 'untrained-1' }],
    });
    expect(await partsOf()).toEqual([]);
    expect(batches.length).toBeGreaterThanOrEqual(before);
    expect((await statusOf(paused)).notes).toContain(
      'corpus.vocabulary: the run has the 6 classes of teacher wide',
    );
    const rates = (await store.list('ingest/')).filter((key) => key.endsWith('-32000.json'));
    expect(rates).toHaveLength(4);

    // A run goes on from what a cancelled one left, to the same logits.
    const seen = batches.length;
    const cancelled = await startWide('cancelled');
    await inTrainShard(seen);
    await cancelled.cancel();
    await expect(cancelled.result()).rejects.toThrow();
    const left = openStore(cluster.folder, 'store-cancelled');
    const again = await startWide('again', { store: 'cancelled' });
    const repeated = (await again.result()) as RunResult;
    expect(await partsOf(left)).toEqual([]);

    // Kept outputs that are damaged are predicted again, for a run with another K.
    const outputs = (await left.list('outputs/')).filter((key) => /\/\w{64}\.npy$/.test(key));
    const trained = batches.at(-1)!.split(' ')[0]!;
    const damaged = outputs.find((key) => key.includes(trained))!;
    const bytes = Buffer.from((await left.read(damaged))!);
    bytes[bytes.length - 2]! ^= 1;
    await left.replace(damaged, bytes);
    const asked = batches.length;
    const other = await startWide('other-k', { store: 'cancelled', topK: 3, ensemble: 'weighted' });
    const third = (await other.result()) as RunResult;
    expect(third.ensemble.fit?.search).toBe('weighted');
    expect(third.logits?.rows).toBe(12 * 8);
    expect(batches.slice(asked)).toEqual([`${trained} 16`, `${trained} 32`, `${trained} 48`]);
    expect(repeated.logits?.rows).toBe(12 * 8);
    if (result.ensemble.fit?.fitted === false) {
      const [one, two] = [
        await logitsIn('store-paused', result),
        await logitsIn('store-cancelled', repeated),
      ];
      expect(two).toEqual(one);
    }
  });
});
