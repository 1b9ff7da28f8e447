import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { pythonWithTeacherPackages, repositoryRoot } from '../../infra/toolchain';
import { halfValues } from '../../ced/logits/half';
import { decodeLogitShard } from '../../ced/logits/shard-file';
import type { RunResult } from '../../workflows/contract/activities';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { savedModelBytes } from '../ced/teachers/saved-model-bytes';
import { liveLines } from '../../cli/run/live-lines';
import { followStatus } from '../../cli/run/status-feed';
import { Cluster, kill } from '../support/cluster';
import { until } from '../support/small-run';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

interface TeacherFields {
  name: string;
  weight: number;
}

/** An ensemble of all kinds: a CED checkpoint, ONNX, SavedModel, and one that workers serve. */
describe('a run with a teacher in Python beside teachers of every other kind', () => {
  let cluster: Cluster;
  let corpus: ToneCorpus;
  let others: TeacherFields[];
  const workers: ChildProcess[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start();
    corpus = writeToneCorpus(cluster.folder, { train: 64, validation: 16, eval: 16 });
    const network = { vocabulary: corpus.vocabulary, output: 'logits', spectrogramMasks: 'skip' };
    const below = (path: string): string => join(cluster.folder, path);
    writeFileSync(below('means.onnx'), onnxBytes([2000, -900, 700, -3000, 400, 1100]));
    mkdirSync(below('saved'));
    writeFileSync(below('saved/saved_model.pb'), savedModelBytes([-800, 500, 90, 4000, 100, -70]));
    others = [
      { ...writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1), name: 'ced', weight: 1 },
      { name: 'onnx', format: 'onnx', checkpoint: 'means.onnx', ...network, weight: 3 },
      { name: 'saved', format: 'savedmodel', checkpoint: 'saved', ...network, weight: 0.5 },
    ] as TeacherFields[];
    await cluster.worker('all');
  });

  afterAll(async () => {
    await Promise.all(workers.map(kill));
    await cluster?.stop();
  });

  /** @param hold the batch in which it waits, from 1 */
  const python = (
    name: string,
    run: string,
    hold?: number,
    environment: Record<string, string> = {},
  ): ChildProcess => {
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
        ...environment,
      },
    });
    workers.push(child);
    return child;
  };

  const isHeld = async (name: string): Promise<void> =>
    await until(async () => existsSync(join(cluster.folder, name, 'held')));

  const ensembleOf = (run: string): TeacherFields[] => {
    const served = { format: 'worker', taskQueue: run, spectrogramMasks: 'skip' };
    return [...others, { ...served, name: 'tiny', weight: 2 }];
  };

  /** @param only the teacher to follow; absent = all */
  const start = async (name: string, only?: string): Promise<WorkflowHandle> => {
    const run = {
      name,
      store: `store-${name}`,
      corpus: { ...corpus, clipsPerShard: 16 },
      teachers: ensembleOf(name).filter((each) => only === undefined || each.name === only),
      logits: { views: 3, topK: 6, chunkSeconds: 1, seed: 7, keepOutputs: true },
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

  /** Probabilities of every row of a run's logits, [rows, classes]. */
  const probabilities = async (run: string): Promise<number[][]> => {
    const root = join(cluster.folder, `store-${run}`);
    const shards = readdirSync(join(root, 'logits'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.parquet'))
      .sort();
    const read = shards.map(async (path) => {
      const { rows, topK, indexes, values } = await decodeLogitShard(
        readFileSync(join(root, 'logits', path)),
      );
      return Array.from({ length: rows }, (_, row) => {
        const own = new Array<number>(topK).fill(0);
        for (let at = row * topK; at < (row + 1) * topK; at++)
          own[indexes[at]!] = halfValues[values[at]!]!;
        return own;
      });
    });
    return (await Promise.all(read)).flat();
  };

  it('has the same logits after one worker was told to stop and two were killed', async () => {
    python('calm', 'undisturbed');
    const calm = (await (await start('undisturbed')).result()) as RunResult;

    const first = python('first', 'killed', 25);
    const handle = await start('killed');
    await isHeld('first');
    first.kill('SIGTERM');
    writeFileSync(join(cluster.folder, 'first', 'release'), '');
    await new Promise((resolve) => first.once('exit', resolve));
    for (const name of ['second', 'third']) {
      const worker = python(name, 'killed', 5);
      await isHeld(name);
      await kill(worker);
    }
    python('fourth', 'killed');
    const killed = (await handle.result()) as RunResult;

    expect(killed.logits).toEqual(calm.logits);
    expect(killed.logits?.rows).toBe(64 * 3);
    expect([...stored('killed')]).toEqual([...stored('undisturbed')]);
    // Four shards of logits, and outputs of them by each of four teachers.
    expect(stored('killed').size).toBeGreaterThanOrEqual(4 + 4 * 4);
    expect(killed.students[0]?.sha256).toBe(calm.students[0]?.sha256);
  });

  it('tells of a worker that is gone, and ends for what predict raises, resumably', async () => {
    const told: string[] = [];
    const handle = await start('raising', 'tiny');
    const stop = new AbortController();
    const following = followStatus(
      cluster.client,
      'raising',
      (view) => {
        for (const { stage, retries, alerts = [] } of liveLines(view))
          told.push(...[...retries, ...alerts].map((text) => `${stage} ${text}`));
      },
      stop.signal,
    );
    const isTold = async (line: RegExp): Promise<void> =>
      await until(() => Promise.resolve(told.some((text) => line.test(text))));

    // In a train shard: 15 rows of the probe and 32 of the other splits come before.
    const gone = python('gone', 'raising', 25);
    await isHeld('gone');
    await kill(gone);
    await isTold(
      /^logits teacher tiny: no heartbeat of \d+@\S+ since [\d:]+\. After 60 s train shard \d /,
    );
    python('raising', 'raising', undefined, { TINY_RAISES: 'no such\nclass' });
    await expect(handle.result()).rejects.toMatchObject({
      cause: {
        type: 'TeacherInvalid',
        message: expect.stringMatching(
          /^teacher tiny, train shard \d: predict raised ValueError: no such class \(tiny_worker\.py, line \d+\) \(rows? \d+ to \d+ of the shard: clips? .*\), 5 times: fix it, /,
        ) as unknown,
      },
    });
    await following;
    const failures = /^logits teacher tiny, train shard \d: attempt \d failed.*: PredictFailed: /;
    expect(told).toContainEqual(expect.stringMatching(failures));
    expect(told).toContainEqual(
      expect.stringMatching(/^logits attempt \d at [\d:]+; log: standard error of \d+@/),
    );

    writeFileSync(join(cluster.folder, 'raising', 'fixed'), '');
    const fixed = (await (await start('raising', 'tiny')).result()) as RunResult;
    expect(fixed.logits?.rows).toBe(64 * 3);
    expect(fixed.teachers).toEqual([expect.objectContaining({ name: 'tiny', parameters: null })]);
  });

  it('stores the weighted mean of what each teacher gives alone', async () => {
    python('alone', 'alone-tiny');
    const runs = ['ced', 'onnx', 'saved', 'tiny'];
    const alone = await Promise.all(
      runs.map(async (name) => {
        await (await start(`alone-${name}`, name)).result();
        return await probabilities(`alone-${name}`);
      }),
    );
    const weights = runs.map((name) => ensembleOf('').find((each) => each.name === name)!.weight);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const together = await probabilities('undisturbed');
    expect(together).toHaveLength(64 * 3);
    let largest = 0;
    together.forEach((row, at) =>
      row.forEach((probability, index) => {
        const mean = alone.reduce(
          (total, rows, teacher) => total + (weights[teacher]! / sum) * rows[at]![index]!,
          0,
        );
        largest = Math.max(largest, Math.abs(probability - mean));
      }),
    );
    // Each is rounded to float16, of at most 2^-12 below 1, as is their mean.
    expect(largest).toBeLessThan(2 * 2 ** -12);
    expect(new Set(together.map((row) => row.join())).size).toBeGreaterThan(150);
  });
});
