import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { pythonWithTeacherPackages, repositoryRoot } from '../../infra/toolchain';
import type { RunResult } from '../../workflows/contract/activities';
import { Cluster, kill } from '../support/cluster';
import { until } from '../support/small-run';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

/** An ensemble of a CED checkpoint and of a teacher that workers in Python serve. */
describe('a run with a teacher in Python', () => {
  let cluster: Cluster;
  let corpus: ToneCorpus;
  let ced: object;
  const workers: ChildProcess[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start();
    corpus = writeToneCorpus(cluster.folder, { train: 64, validation: 16, eval: 16 });
    ced = writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    await cluster.worker('all');
  }, 120_000);

  afterAll(async () => {
    await Promise.all(workers.map(kill));
    await cluster?.stop();
  }, 60_000);

  /** @param hold the batch in which it waits, from 1 */
  const python = (name: string, run: string, hold?: number): ChildProcess => {
    const folder = join(cluster.folder, name);
    mkdirSync(folder);
    if (hold !== undefined) writeFileSync(join(folder, 'hold'), String(hold));
    const entry = [join(repositoryRoot, 'python/tests/tiny_worker.py'), folder];
    const place = ['--address', cluster.address, '--task-queue', run, '--batch-size', '4'];
    const store = ['--store', join(cluster.folder, `store-${run}`)];
    const child = spawn(pythonWithTeacherPackages(), [...entry, ...place, ...store], {
      stdio: 'ignore',
      env: {
        ...process.env,
        TINY_CLASSES: join(cluster.folder, corpus.vocabulary),
        PYTHONDONTWRITEBYTECODE: '1',
      },
    });
    workers.push(child);
    return child;
  };

  const isHeld = async (name: string): Promise<void> =>
    await until(async () => existsSync(join(cluster.folder, name, 'held')));

  const start = async (name: string): Promise<WorkflowHandle> => {
    const tiny = { name: 'tiny', format: 'worker', taskQueue: name, spectrogramMasks: 'skip' };
    const run = {
      name,
      store: `store-${name}`,
      corpus: { ...corpus, clipsPerShard: 16 },
      teachers: [ced, { ...tiny, weight: 2 }],
      logits: { views: 3, topK: 4, chunkSeconds: 1, seed: 7 },
      students: [
        { name: 'student', model: { embedDim: 32, depth: 1, heads: 2 }, epochs: 2, batchSize: 8 },
      ],
    };
    const options = { taskQueue: 'ced', workflowId: name, args: [run] };
    return await cluster.client.workflow.start('distill', options);
  };

  /** File name to bytes of every logit shard and every worker's outputs. */
  const stored = (run: string): Map<string, string> => {
    const root = join(cluster.folder, `store-${run}`);
    const files = ['logits', 'outputs'].flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
        .filter((path) => /[0-9a-f]{64}\.(parquet|npy)$/.test(path))
        .map((path) => join(room, path)),
    );
    return new Map(files.map((path) => [path, readFileSync(join(root, path), 'hex')]));
  };

  it('has the same logits after one worker was told to stop and one was killed', async () => {
    python('calm', 'undisturbed');
    const calm = (await (await start('undisturbed')).result()) as RunResult;

    const first = python('first', 'killed', 25);
    const handle = await start('killed');
    await isHeld('first');
    first.kill('SIGTERM');
    writeFileSync(join(cluster.folder, 'first', 'release'), '');
    await new Promise((resolve) => first.once('exit', resolve));
    const second = python('second', 'killed', 5);
    await isHeld('second');
    await kill(second);
    python('third', 'killed');
    const killed = (await handle.result()) as RunResult;

    expect(killed.logits).toEqual(calm.logits);
    expect(killed.logits?.rows).toBe(64 * 3);
    expect([...stored('killed')]).toEqual([...stored('undisturbed')]);
    expect(stored('killed').size).toBeGreaterThan(8);
    expect(killed.students[0]?.sha256).toBe(calm.students[0]?.sha256);
  }, 400_000);
});
