import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { sha256 } from '../../storage/store';
import type { RunResult } from '../../workflows/contract/activities';
import type { LiveProgress } from '../../workflows/contract/live-progress';
import type { RunStatus } from '../../workflows/contract/status';
import { childrenOf, Cluster, isAlive, kill } from '../support/cluster';
import { until } from '../support/small-run';
import { writeToneCorpus, type ToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

/**
 * What becomes of a GPU worker that is told to go, killed, or frozen while its successor could be
 * at work; with real processes on a real server.
 */
describe('a GPU worker in the middle of training', () => {
  let cluster: Cluster;
  let corpus: ToneCorpus;
  let undisturbed: RunResult;

  const start = (name: string) => {
    const student = {
      name: 'student',
      model: { embedDim: 32, depth: 2, heads: 2 },
      epochs: 60,
      batchSize: 8,
      learningRate: 2e-3,
      warmupSteps: 20,
      validateEvery: 5,
      averageBest: 2,
      checkpointSeconds: 0.5,
      seed: 3,
    };
    const run = {
      name,
      store: `store-${name}`,
      corpus: { ...corpus, clipsPerShard: 32 },
      teachers: [{ name: 'untrained-1', checkpoint: 'untrained-1', format: 'ced' }],
      logits: { views: 2, topK: 4, chunkSeconds: 1, seed: 7 },
      students: [student],
    };
    return cluster.client.workflow.start('distill', {
      taskQueue: 'ced',
      workflowId: name,
      args: [run],
    });
  };
  const epochReached = async (handle: WorkflowHandle, epoch: number): Promise<void> => {
    const status = async () => await handle.query<RunStatus>('status');
    await until(async () => ((await status()).epochs['student']?.epoch ?? 0) >= epoch);
  };
  const pending = async (handle: WorkflowHandle) =>
    (await handle.describe()).raw.pendingActivities?.[0];
  const training = (run: string): string => {
    const folder = join(cluster.folder, `store-${run}/training`);
    return join(folder, readdirSync(folder)[0] ?? '');
  };
  const checkpointWritten = async (run: string): Promise<void> => {
    const files = () => readdirSync(training(run), { recursive: true, encoding: 'utf8' });
    await until(() => files().some((file) => file.endsWith('state.json')));
  };
  /** Every object of a run's store with the hash of its bytes. */
  const contentOf = (run: string): [string, string][] => {
    const folder = join(cluster.folder, `store-${run}`);
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && isObject(entry.name),
    );
    const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
    return paths.map((path) => [path, sha256(readFileSync(path))]);
  };
  const startingSteps = (run: string): number[] =>
    readdirSync(join(training(run), 'attempts'))
      .sort()
      .map(
        (file) =>
          (
            JSON.parse(readFileSync(join(training(run), 'attempts', file), 'utf8')) as {
              step: number;
            }
          ).step,
      );

  beforeAll(async () => {
    cluster = await Cluster.start();
    corpus = writeToneCorpus(cluster.folder, { train: 64, validation: 16, eval: 16 });
    writeUntrainedTeacher(cluster.folder, corpus.vocabulary, 1);
    await cluster.worker('cpu');
    const gpu = await cluster.worker('gpu');
    undisturbed = (await (await start('undisturbed')).result()) as RunResult;
    await kill(gpu);
  });
  afterAll(async () => cluster?.stop());

  it('finishes its step on SIGTERM, hands over unforced, and repeats no work', async () => {
    const first = await cluster.worker('gpu');
    const handle = await start('terminated');
    await epochReached(handle, 5);
    const engine = engineOf(first);
    first.kill('SIGTERM');
    await gone(first);
    // A worker that waited for its epoch would be forced to end, with status 1.
    expect(first.exitCode).toBe(0);
    // The kernel takes the engine's memory apart after its worker has gone.
    await until(() => !isAlive(engine));

    const [payload] = (await pending(handle))?.heartbeatDetails?.payloads ?? [];
    const { done } = JSON.parse(Buffer.from(payload?.data ?? []).toString()) as LiveProgress;
    const second = await cluster.worker('gpu');
    const result = (await handle.result()) as RunResult;
    expect(startingSteps('terminated')).toEqual([0, done]);
    expect(done).toBeGreaterThan(0);
    expect(result.students[0]?.sha256).toBe(undisturbed.students[0]?.sha256);
    await kill(second);
  });

  it('that is killed leaves no engine behind', async () => {
    const gpu = await cluster.worker('gpu');
    const handle = await start('orphaned');
    await epochReached(handle, 2);
    const engine = engineOf(gpu);
    expect(isAlive(engine)).toBe(true);
    await kill(gpu);
    await until(() => !isAlive(engine));
    await handle.terminate();
  });

  it('gives up its job when frozen with its engine and thawed, changing nothing', async () => {
    const gpu = await cluster.worker('gpu', { environment: { CED_STANDSTILL_MS: '2000' } });
    const handle = await start('frozen');
    await epochReached(handle, 5);
    await checkpointWritten('frozen');
    const engine = engineOf(gpu);
    signalGroup(gpu, 'SIGSTOP');
    const before = objectsIn(training('frozen'));
    await sleep(3000);
    signalGroup(gpu, 'SIGCONT');
    // The next attempt begins a second after this one has failed.
    while (isAlive(engine)) await sleep(10);
    const after = objectsIn(training('frozen'));
    expect(after).toEqual(before);

    const result = (await handle.result()) as RunResult;
    expect(readFileSync(join(cluster.folder, 'worker-gpu.log'), 'utf8')).toContain(
      'this worker stood still',
    );
    expect(startingSteps('frozen')).toHaveLength(2);
    expect(startingSteps('frozen')[1]).toBeGreaterThan(0);
    expect(result.students[0]?.sha256).toBe(undisturbed.students[0]?.sha256);
    await kill(gpu);
  });

  it('changes nothing when frozen past the time-out until its successor began', async () => {
    const zombie = await cluster.worker('gpu');
    const handle = await start('zombie');
    await epochReached(handle, 5);
    await checkpointWritten('zombie');
    const engine = engineOf(zombie);
    signalGroup(zombie, 'SIGSTOP');
    const successor = await cluster.worker('gpu');
    await until(() => startingSteps('zombie').length === 2);

    // While the run is paused, whatever changes in its store is the zombie's doing.
    await handle.executeUpdate('pause');
    while ((await pending(handle)) !== undefined) await sleep(50);
    const before = contentOf('zombie');
    signalGroup(zombie, 'SIGCONT');
    await until(() => !isAlive(engine));
    await sleep(1000);
    expect(contentOf('zombie')).toEqual(before);
    await kill(zombie);

    await handle.executeUpdate('resume');
    const result = (await handle.result()) as RunResult;
    expect(result.students[0]).toMatchObject({
      sha256: undisturbed.students[0]?.sha256,
      bitExact: true,
    });
    await kill(successor);
  });
});

/** The worker's one child process. */
function engineOf(worker: ChildProcess): number {
  const children = childrenOf(worker.pid ?? 0);
  expect(children).toHaveLength(1);
  return children[0] ?? 0;
}

/** Workers are started as leaders of groups of their own. */
function signalGroup(worker: ChildProcess, signal: NodeJS.Signals): void {
  process.kill(-(worker.pid ?? NaN), signal);
}

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve) => child.once('exit', resolve));
}

/** What a freeze caught in the middle of being written is no object yet. */
function objectsIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter(isObject).sort();
}

/** Not a file that is still written. */
function isObject(path: string): boolean {
  return !path.includes('.writing-');
}
