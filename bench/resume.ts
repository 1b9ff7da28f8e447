/**
 * `npm run bench -- resume`: how long a resumed training takes to reach full speed. A student
 * trains in a real engine process until its steps are steady and a checkpoint is committed; the
 * process is killed, and another one runs the job, as after a worker's restart. Both attempts run
 * on the same machine, so the second reads local data: a store in a folder, or cached copies of
 * objects in a bucket.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineLost, type EngineJob } from '../jobs/engine-jobs';
import { openStore } from '../storage/open-store';
import type { Store } from '../storage/store';
import { commandLine } from '../infra/command-line/command-line';
import { atLeast, count, oneOf } from '../infra/command-line/option';
import { UsageError } from '../infra/command-line/usage-error';
import { startStorage } from '../tools/storage-emulator';
import { EngineProcess } from '../workers/engine-process';
import { MODELS } from './models';
import { distillation } from './resume/distillation';
import { PARTS, type PartBegun } from './resume/timed-engine';

const LIMIT_SECONDS = 10;
/** At full speed, the mean of WINDOW steps is at most this fraction above the steady one. */
const WINDOW = 5;
const TOLERANCE = 0.1;
/** Steps after which a training that is not steady, or not at full speed again, is given up. */
const STEPS_AT_MOST = 60;
const BATCH = 8;
const CHECKPOINT_SECONDS = 8;

const line = commandLine({
  program: 'npm run bench',
  usage: 'resume [options]',
  about: [
    'Kills the process of a training after a checkpoint, starts the job again in a fresh ' +
      `process, and measures the time from the start of the attempt until the mean of ${WINDOW} ` +
      `steps is within ${TOLERANCE * 100} % of the steady one before. Exit status 1 above ` +
      `${LIMIT_SECONDS} s.`,
  ],
  options: {
    model: {
      value: 'M',
      is: oneOf(...MODELS),
      default: 'mini',
      help: `${MODELS.join(', ')}; batch ${BATCH}`,
    },
    clips: {
      value: 'N',
      is: atLeast(BATCH),
      default: 500,
      help: "clips of the demo's corpus, with logits of one teacher in two views",
    },
    shards: { value: 'N', is: count, default: 1, help: 'shards of these clips, at most --clips' },
    bucket: { help: 'a store in a bucket of a storage server on this machine, not in a folder' },
  },
  examples: ['npm run bench -- resume --model tiny', 'npm run bench -- resume --bucket'],
});

/** @returns exit status */
export async function resumeBench(argv: readonly string[]): Promise<number> {
  return await line.run(argv, async ({ values: { model, clips, shards, bucket } }) => {
    if (shards > clips)
      throw new UsageError(`--shards ${shards}: expected a whole number from 1 to --clips`);
    const folder = mkdtempSync(join(tmpdir(), 'ced-resume-'));
    const emulator = bucket
      ? await startStorage({
          port: 0,
          folder: join(folder, 'buckets'),
          log: join(folder, 'storage.log'),
        })
      : null;
    try {
      await emulator?.createBucket('resume');
      // The engine processes inherit both variables.
      if (emulator) process.env['STORAGE_EMULATOR_HOST'] = emulator.endpoint;
      process.env['CED_OBJECT_CACHE'] = join(folder, 'cache');
      const store = emulator ? 'gs://resume/store' : join(folder, 'store');
      const measured = await measureResume({ folder, store, model, clips, shards });
      const place = emulator ? 'bucket' : 'folder';
      return report({
        ...measured,
        where: `${clips} clips in ${shards} shards in a ${place}`,
        model,
      });
    } finally {
      await emulator?.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

interface MeasuredResume {
  steadyMs: number;
  killedAt: number;
  after: Attempt;
}

async function measureResume(what: Prepared): Promise<MeasuredResume> {
  const { folder } = what;
  const job = await prepare(what);
  const store = openStore(folder, what.store, { cacheFolder: join(folder, 'seen') });
  process.stderr.write('training until steps are steady and a checkpoint is committed\n');
  let checkpoint: number | null = null;
  const looking = setInterval(
    () => void committedStep(store).then((step) => (checkpoint = step)),
    500,
  );
  const before = await attempt(
    folder,
    job('before'),
    ({ steps }) => isSteady(steps) && checkpoint !== null,
  );
  clearInterval(looking);
  const steadyMs = meanMs(before.steps, before.steps.length - 1)!;
  checkpoint = await committedStep(store);
  if (!isSteady(before.steps) || checkpoint === null)
    throw new Error(
      'steps were not steady, or no checkpoint was committed, ' +
        `within ${STEPS_AT_MOST} steps: is the machine idle?`,
    );
  const killedAt = before.steps.at(-1)!.done;
  process.stderr.write(
    `killed at step ${killedAt}, its newest checkpoint is step ${checkpoint}; resuming\n`,
  );
  const after = await attempt(
    folder,
    job('after'),
    ({ steps }) => fullSpeedAt(steps, steadyMs) !== null,
  );
  return { steadyMs, killedAt, after };
}

/** A step that the engine process has reported. */
interface Step {
  done: number;
  atMs: number;
}

interface Attempt {
  startedMs: number;
  parts: PartBegun[];
  steps: Step[];
}

const nowMs = (): number => performance.timeOrigin + performance.now();

interface Prepared {
  folder: string;
  store: string;
  model: string;
  clips: number;
  shards: number;
}

async function prepare(what: Prepared): Promise<(attemptId: string) => EngineJob> {
  const { folder, clips } = what;
  process.stderr.write(`ingesting ${clips} clips and computing their logits\n`);
  const engine = new EngineProcess({
    entry: join(__dirname, '..', 'jobs', 'child.js'),
    root: folder,
    threads: availableParallelism(),
  });
  try {
    return await distillation(engine, {
      ...what,
      cacheFolder: join(folder, 'cache'),
      batchSize: BATCH,
      checkpointSeconds: CHECKPOINT_SECONDS,
    });
  } finally {
    await engine.end();
  }
}

/** Runs a job in a process of its own; kills the process when `enough`. */
async function attempt(
  folder: string,
  job: EngineJob,
  enough: (attempt: Attempt) => boolean,
): Promise<Attempt> {
  const seen: Attempt = { startedMs: nowMs(), parts: [], steps: [] };
  const engine = new EngineProcess({
    entry: join(__dirname, 'resume', 'timed-engine.js'),
    root: folder,
    threads: availableParallelism(),
    onOutput: (line) =>
      line.startsWith('{"part"')
        ? seen.parts.push(JSON.parse(line) as PartBegun)
        : process.stderr.write(`${line}\n`),
  });
  let killed = false;
  try {
    await engine.run(job, {
      signal: new AbortController().signal,
      onProgress: ({ unit, done, phase }) => {
        if (unit !== 'steps' || phase !== undefined || killed) return;
        seen.steps.push({ done, atMs: nowMs() });
        if (!enough(seen) && seen.steps.length < STEPS_AT_MOST) return;
        killed = true;
        if (engine.pid !== null) process.kill(engine.pid, 'SIGKILL');
      },
    });
  } catch (error) {
    if (!(killed && error instanceof EngineLost)) throw error;
  } finally {
    await engine.end();
  }
  return seen;
}

/**
 * Mean time of the WINDOW steps up to `last`; null where there are fewer. The first step of an
 * attempt is not counted: its start is not known.
 */
function meanMs(steps: readonly Step[], last: number): number | null {
  const [from, to] = [steps[last - WINDOW], steps[last]];
  return from && to ? (to.atMs - from.atMs) / WINDOW : null;
}

/** Whether two consecutive windows agree. */
function isSteady(steps: readonly Step[]): boolean {
  const [before, now] = [meanMs(steps, steps.length - 1 - WINDOW), meanMs(steps, steps.length - 1)];
  return (
    before !== null && now !== null && Math.abs(now - before) <= TOLERANCE * Math.min(now, before)
  );
}

/** The last step of the first window at full speed. */
function fullSpeedAt(steps: readonly Step[], steadyMs: number): number | null {
  const last = steps.findIndex(
    (_, at) => (meanMs(steps, at) ?? Infinity) <= steadyMs * (1 + TOLERANCE),
  );
  return last < 0 ? null : last;
}

/** Step of the newest checkpoint in the store. */
async function committedStep(store: Store): Promise<number | null> {
  const keys = await store.list('training/');
  const steps = keys
    .map((key) => /checkpoints\/(\d+)\/state\.json$/.exec(key)?.[1])
    .filter((step) => step !== undefined);
  return steps.length === 0 ? null : Math.max(...steps.map(Number));
}

/** @returns exit status */
function report(measured: MeasuredResume & { where: string; model: string }): number {
  const { where, model, steadyMs, killedAt, after } = measured;
  const { steps, parts, startedMs } = after;
  const [first] = steps;
  if (!first) throw new Error('the resumed training took no step');
  if (first.done === 1)
    throw new Error('the training began from its first step instead of its checkpoint');
  const since = (atMs: number): string => ((atMs - startedMs) / 1000).toFixed(2);
  const last = fullSpeedAt(steps, steadyMs);
  const reached = last === null ? null : steps[last]!.atMs;
  const rows = [
    ['first step done', since(first.atMs)],
    [
      `at full speed from (the first of ${WINDOW} such steps begins)`,
      last === null ? 'never' : since(steps[last - WINDOW]!.atMs),
    ],
    [`at full speed, by the mean of ${WINDOW} steps`, reached === null ? 'never' : since(reached)],
  ] as const;
  const stepSeconds = (steadyMs / 1000).toFixed(2);
  console.log(`${model}, batch ${BATCH}, ${where}; ${stepSeconds} s a step before the kill\n`);
  console.log('| since the attempt began | s |\n| --- | ---: |');
  for (const [name, seconds] of rows) console.log(`| ${name} | ${seconds} |`);
  console.log('\n| until the first step is done | s |\n| --- | ---: |');
  const begun = [{ part: PARTS[0], atMs: startedMs }, ...parts];
  for (const [index, { part, atMs }] of begun.entries()) {
    const endMs = begun[index + 1]?.atMs ?? first.atMs;
    console.log(`| ${part} | ${((endMs - atMs) / 1000).toFixed(2)} |`);
  }
  const resumedAt = first.done - 1;
  console.log(
    `\n${killedAt - resumedAt} steps repeated, resumed at step ${resumedAt} ` +
      `after a kill at ${killedAt}`,
  );
  const outcome =
    reached === null
      ? `not at full speed within ${steps.length} steps`
      : `at full speed after ${since(reached)} s`;
  console.log(`${outcome} (limit ${LIMIT_SECONDS} s)`);
  return reached !== null && reached - startedMs <= LIMIT_SECONDS * 1000 ? 0 : 1;
}
