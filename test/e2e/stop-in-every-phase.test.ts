import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { repositoryRoot } from '../../infra/toolchain';
import { sha256 } from '../../storage/store';
import { Cluster, kill } from '../support/cluster';
import { SmallRuns, studentOf } from '../support/small-run';
import type { StopNote, StopPoint } from '../support/stop-point';

const EPOCHS = 10;
const STEPS = EPOCHS * (64 / 8);

/**
 * A worker that gets SIGTERM in the middle of each phase, and another that goes on; real server and
 * processes. The phase is known from what the engine reports or the worker writes.
 */
describe('a run whose worker is told to go (SIGTERM)', () => {
  let cluster: Cluster;
  let runs: SmallRuns;
  let cpu: ChildProcess;
  let gpus: ChildProcess[] = [];
  let workers = 0;
  let handle: WorkflowHandle;
  let undisturbed: { student: string; content: Map<string, string> };

  const notesFile = (): string => join(cluster.folder, 'stop-notes.jsonl');
  const worker = async (queue: 'cpu' | 'gpu', at?: StopPoint): Promise<ChildProcess> => {
    const preloaded = join(repositoryRoot, 'dist/test/support/stop-point.js');
    const started = await cluster.worker(queue, {
      environment: {
        NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --require "${preloaded}"`,
        CED_STOP_NOTES: notesFile(),
        // Its own: logits that an earlier worker has laid out would not be read again.
        CED_OBJECT_CACHE: join(cluster.folder, `copies-${++workers}`),
        CED_ENGINE_ENV: 'CED_STOP_NOTES,CED_STOP_AT',
        ...(at ? { CED_STOP_AT: JSON.stringify(at) } : {}),
      },
    });
    if (queue === 'gpu') gpus.push(started);
    return started;
  };
  /** All that the engines reported, oldest first. */
  const notes = (): StopNote[] => {
    if (!existsSync(notesFile())) return [];
    const lines = readFileSync(notesFile(), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as StopNote);
  };
  const stepsOf = (run: string): number[] =>
    notes().flatMap((note) =>
      note.type === 'progress' &&
      note.store === `store-${run}` &&
      note.unit === 'steps' &&
      note.phase === undefined
        ? [note.done]
        : [],
    );
  /** What engines still counted or finished after they were told to stop. */
  const afterStop = (seen: number): StopNote[] => {
    const since = notes().slice(seen);
    const at = since.findIndex(({ type }) => type === 'stop');
    expect(at).toBeGreaterThanOrEqual(0);
    // The next attempt is another process, with a progress of its own.
    return since.slice(at + 1);
  };
  /** @throws when the run ends first: its phase was not reached */
  const exitOf = async (child: ChildProcess): Promise<number | null> => {
    const exit = new Promise<number | null>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
      else child.once('exit', resolve);
    });
    const ended = handle.result().then((): never => {
      throw new Error('the run ended, and its worker was not told to go');
    });
    ended.catch(() => undefined);
    return await Promise.race([exit, ended]);
  };
  /** Hash of every logit shard, model, last checkpoint's tensors and file of metrics. */
  const contentOf = (run: string): Map<string, string> => {
    const folder = join(cluster.folder, `store-${run}`);
    const last = `checkpoints/${String(STEPS).padStart(9, '0')}/`;
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (file) =>
        /^logits\/.*\.parquet$|^models\/.*\.safetensors$|\/best\/|^runs\/.*\/metrics\//.test(
          file,
        ) ||
        (file.includes(last) && file.endsWith('.safetensors')),
    );
    return new Map(
      files.sort().map((file) => {
        const path = join(folder, file);
        // The id of the workflow's run is part of the path.
        const name = relative(folder, path).replace(/^runs\/[^/]+\/[^/]+\//, 'runs/');
        return [name, sha256(readFileSync(path))];
      }),
    );
  };

  const killGpus = async (): Promise<void> => {
    await Promise.all(gpus.map(kill));
    gpus = [];
  };

  beforeAll(async () => {
    cluster = await Cluster.start();
    runs = SmallRuns.in(cluster);
    cpu = await worker('cpu');
    await worker('gpu');
    const student = await studentOf(await runs.start('undisturbed', { epochs: EPOCHS }));
    undisturbed = { student, content: contentOf('undisturbed') };
    await killGpus();
  });
  afterEach(async () => {
    await killGpus();
    // One that was not ended would go on in the next test's worker.
    await handle.terminate().catch(() => undefined);
  });
  afterAll(async () => cluster?.stop());

  it.each([
    ['predicting logits', { unit: 'rows', done: 1 }, [0]],
    ['reading logits', { unit: 'shards', phase: 'reading logits', done: 1 }, [0]],
    ['a step', { unit: 'steps', done: 13 }, [0, 13]],
    ['a validation', { unit: 'clips', phase: 'validating', done: 1 }, [0, STEPS / 2]],
    ['publishing', { unit: '', phase: 'averaging the best weights', done: 0 }, [0, STEPS]],
  ] satisfies [string, StopPoint, number[]][])(
    'in %s stops there, repeats no step, and ends with the same bytes',
    async (phase, at, starts) => {
      const name = phase.replaceAll(' ', '-');
      const seen = notes().length;
      const first = await worker('gpu', at);
      handle = await runs.start(name, { epochs: EPOCHS });
      expect(await exitOf(first)).toBe(0);
      expect(afterStop(seen)).toEqual([]);
      await worker('gpu');
      expect(await studentOf(handle)).toBe(undisturbed.student);
      expect(contentOf(name)).toEqual(undisturbed.content);
      expect(runs.startingSteps(name)).toEqual(starts);
      const steps = stepsOf(name);
      expect(steps).toEqual([...new Set(steps)]);
      expect(steps.at(-1)).toBe(STEPS);
    },
    120_000,
  );

  it.each([
    ["writing a shard's logits", 'logits/.*\\.parquet$'],
    ['writing the report', 'runs/.*report\\.html$'],
  ])(
    'in %s hands its work on, repeats no step, and ends with the same bytes',
    async (phase, creating) => {
      const name = phase.replaceAll(/[^a-z]+/g, '-');
      await kill(cpu);
      const first = await worker('cpu', { creating });
      await worker('gpu');
      handle = await runs.start(name, { epochs: EPOCHS });
      expect(await exitOf(first)).toBe(0);
      cpu = await worker('cpu');
      expect(await studentOf(handle)).toBe(undisturbed.student);
      expect(contentOf(name)).toEqual(undisturbed.content);
      expect(runs.startingSteps(name)).toEqual([0]);
      const steps = stepsOf(name);
      expect(steps).toEqual([...new Set(steps)]);
    },
    120_000,
  );
});
