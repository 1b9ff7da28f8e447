import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { RunResult } from '../../workflows/contract/activities';
import type { RunStatus } from '../../workflows/contract/status';
import { Cluster, kill } from '../support/cluster';
import { recordHistory } from '../support/recorded-histories';
import { until } from '../support/small-run';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';

/**
 * From labels to teachers to logits to a student, on a real server with real worker processes;
 * killed in the middle of it.
 */
describe('a run on a real Temporal server', () => {
  let cluster: Cluster;
  let corpus: ToneCorpus;
  let teachers: { name: string; checkpoint: string; format: 'ced' }[];

  const training = {
    batchSize: 8,
    learningRate: 2e-3,
    warmupSteps: 20,
    mixup: 0,
    validateEvery: 2,
    averageBest: 2,
    checkpointSeconds: 0.2,
  };
  const distillRun = (name: string) => ({
    name,
    store: `store-${name}`,
    corpus: { ...corpus, clipsPerShard: 30 },
    teachers,
    logits: {
      views: 3,
      topK: 4,
      chunkSeconds: 1,
      seed: 7,
      augment: { timeMask: { maxFrames: 20 }, freqMask: { maxBins: 12 } },
    },
    students: [
      {
        name: 'student',
        model: { embedDim: 32, depth: 2, heads: 2 },
        epochs: 60,
        seed: 3,
        ...training,
      },
    ],
  });
  const start = (type: string, run: { name: string }) =>
    cluster.client.workflow.start(type, { taskQueue: 'ced', workflowId: run.name, args: [run] });
  const finish = async (handle: WorkflowHandle, history?: string): Promise<RunResult> => {
    const result = (await handle.result()) as RunResult;
    if (history) await recordHistory(handle, history);
    return result;
  };

  beforeAll(async () => {
    cluster = await Cluster.start();
    corpus = writeToneCorpus(cluster.folder, { train: 90, validation: 30, eval: 30 });
    await cluster.worker('cpu');
  });

  afterAll(async () => cluster?.stop());

  /** The step at which each attempt at training the student began. */
  const startingSteps = (run: string): number[] => {
    const training = join(cluster.folder, `store-${run}/training`);
    return readdirSync(training).flatMap((key) =>
      readdirSync(join(training, key, 'attempts'))
        .sort()
        .map(
          (file) =>
            (
              JSON.parse(readFileSync(join(training, key, 'attempts', file), 'utf8')) as {
                step: number;
              }
            ).step,
        ),
    );
  };

  it('trains teachers from labels, each better than chance on unseen audio', async () => {
    await cluster.worker('gpu').then(async (gpu) => {
      const model = { embedDim: 48, depth: 2, heads: 2 };
      const run = {
        name: 'teach',
        store: 'store-teach',
        corpus,
        chunkSeconds: 1,
        teachers: [11, 12].map((seed) => ({
          name: `t${seed}`,
          model,
          epochs: 10,
          seed,
          ...training,
        })),
      };
      const result = await finish(await start('teach', run), 'teach');
      expect(result.students.map(({ name }) => name)).toEqual(['t11', 't12']);
      for (const { mAP } of result.students) expect(mAP).toBeGreaterThan(0.5);
      for (const { latency } of result.students)
        expect(latency).toMatchObject({
          audioSeconds: 1,
          realTimeFactor: latency!.milliseconds / 1000,
        });
      teachers = result.students.map(({ name, checkpoint }) => ({
        name,
        checkpoint: `store-teach/${checkpoint}`,
        format: 'ced',
      }));
      await kill(gpu);
    });
  });

  it('ends with the same student, byte for byte, when its GPU worker is killed', async () => {
    const first = await cluster.worker('gpu');
    const undisturbed = await finish(await start('distill', distillRun('undisturbed')), 'distill');

    const handle = await start('distill', distillRun('killed'));
    await until(
      async () => ((await handle.query<RunStatus>('status')).epochs['student']?.epoch ?? 0) >= 20,
    );
    await kill(first);
    await cluster.worker('gpu');
    const killed = await finish(handle, 'distill-killed');

    expect(startingSteps('killed').length).toBeGreaterThan(1);
    expect(startingSteps('killed').at(-1)).toBeGreaterThan(0);
    expect(killed.students[0]?.sha256).toBe(undisturbed.students[0]?.sha256);
    expect(killed.students[0]?.bitExact).toBe(true);
    expect(killed.logits).toEqual(undisturbed.logits);
    expect(killed.logits?.rows).toBe(90 * 3);
    const weights = (run: string, sha256: string) =>
      readFileSync(join(cluster.folder, `store-${run}`, 'models', sha256, 'model.safetensors'));
    const { sha256 } = undisturbed.students[0] ?? { sha256: '' };
    expect(weights('killed', sha256).equals(weights('undisturbed', sha256))).toBe(true);
    expect(existsSync(join(cluster.folder, 'store-killed/runs/killed/report.html'))).toBe(true);
  });

  it('pauses after a checkpoint, answers while paused, ends with the same student', async () => {
    const handle = await start('distill', distillRun('paused'));
    const status = () => handle.query<RunStatus>('status');
    await until(async () => ((await status()).epochs['student']?.epoch ?? 0) >= 20);
    expect(await handle.executeUpdate('pause')).toBe('paused');
    await until(async () => ((await handle.describe()).raw.pendingActivities ?? []).length === 0);
    const { epoch } = (await status()).epochs['student'] ?? { epoch: 0 };
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await status()).state).toBe('paused');
    expect((await status()).epochs['student']?.epoch).toBe(epoch);
    expect(await handle.executeUpdate('resume')).toBe('running');
    const resumed = await finish(handle, 'distill-paused');
    expect(resumed.students[0]?.sha256).toBe(
      ((await cluster.client.workflow.getHandle('undisturbed').result()) as RunResult).students[0]
        ?.sha256,
    );
    expect((await status()).state).toBe('done');
  });

  it('finds everything in the store when the same run is started again', async () => {
    const handle = await cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: 'undisturbed-again',
      args: [distillRun('undisturbed')],
    });
    const before = startingSteps('undisturbed');
    const again = await finish(handle);
    expect(again.students[0]?.mAP).not.toBeNull();
    expect(startingSteps('undisturbed')).toEqual(before);
  });

  it('fails at once, and for good, on an invalid run file, naming every field', async () => {
    const broken = { ...distillRun('broken'), logits: { views: 0, colour: 'blue' } };
    const handle = await start('distill', broken);
    await expect(handle.result()).rejects.toMatchObject({
      cause: {
        type: 'RunFileInvalid',
        nonRetryable: true,
        message: expect.stringMatching(
          /logits\.views: .*\nlogits\.colour: unknown field|logits\.colour: unknown field.*\n.*logits\.views/s,
        ) as unknown,
      },
    });
  });
});
