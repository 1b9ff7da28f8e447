/**
 * `npm run bench -- resume`: how long after an attempt at a training begins it is at full speed
 * again. A student trains in a real engine's process until its steps are steady and a checkpoint is
 * committed; the process is killed, and another one is given the job, as after a worker's restart.
 * The machine is the one that the attempt before it was on, so what a resume reads is here: a store
 * in a folder, or copies of what is in a bucket.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EngineLost, type EngineJob } from '../jobs/engine-jobs';
import { openStore } from '../storage/open-store';
import type { Store } from '../storage/store';
import { MODEL_PRESETS } from '../ced/model/config';
import { UsageError } from '../cli/failure';
import { startStorage } from '../tools/storage-emulator';
import { EngineProcess } from '../workers/engine-process';
import { distillation } from './resume/distillation';
import { PARTS, type PartBegun } from './resume/timed-engine';

const LIMIT_SECONDS = 10;
/** Full speed: the mean of this many steps is at most so much above the steady one. */
const WINDOW = 5;
const TOLERANCE = 0.1;
/** Who is not steady, or not back at full speed, after so many steps will not be. */
const STEPS_AT_MOST = 60;
const BATCH = 8;
const CHECKPOINT_SECONDS = 8;

const help = `npm run bench -- resume [options]

Kills a training's process after a checkpoint, starts the job again in a fresh one, and measures the time from the start of the attempt until
the mean of ${WINDOW} steps is within ${TOLERANCE * 100} % of the steady one before. Exit status 1 above ${LIMIT_SECONDS} s.

  --model M     ${Object.keys(MODEL_PRESETS).join(', ')} (default mini), batch ${BATCH}
  --clips N     of the demo's corpus, heard by one teacher in two views (default 500)
  --shards N    that they are in (default 1)
  --bucket      the store is in a bucket of a storage server on this machine instead of a folder
  --help        this text`;

/** @returns exit status */
export async function resumeBench(argv: readonly string[]): Promise<number> {
  const options = {
    model: { type: 'string', default: 'mini' },
    clips: { type: 'string', default: '500' },
    shards: { type: 'string', default: '1' },
    bucket: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = parseArgs({ args: [...argv], options });
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  const { model } = values;
  if (!(model in MODEL_PRESETS))
    throw new UsageError(`--model ${model}: expected ${Object.keys(MODEL_PRESETS).join(', ')}`);
  const [clips, shards] = [Number(values.clips), Number(values.shards)];
  if (!Number.isInteger(clips) || clips < BATCH)
    throw new UsageError(`--clips ${values.clips}: expected a whole number of at least ${BATCH}`);
  if (!Number.isInteger(shards) || shards < 1 || shards > clips)
    throw new UsageError(`--shards ${values.shards}: expected a whole number from 1 to --clips`);
  const folder = mkdtempSync(join(tmpdir(), 'ced-resume-'));
  const emulator =
    values.bucket === true
      ? await startStorage({
          port: 0,
          folder: join(folder, 'buckets'),
          log: join(folder, 'storage.log'),
        })
      : null;
  try {
    await emulator?.createBucket('resume');
    // The engines inherit both.
    if (emulator) process.env['STORAGE_EMULATOR_HOST'] = emulator.endpoint;
    process.env['CED_OBJECT_CACHE'] = join(folder, 'cache');
    const uri = emulator ? 'gs://resume/store' : join(folder, 'store');
    const job = await prepare({ folder, store: uri, model, clips, shards });
    const store = openStore(folder, uri, { cacheFolder: join(folder, 'seen') });
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
        `steps were not steady, or no checkpoint was committed, within ${STEPS_AT_MOST} steps: is the machine idle?`,
      );
    process.stderr.write(
      `killed at step ${before.steps.at(-1)!.done}, its newest checkpoint is step ${checkpoint}; resuming\n`,
    );
    const after = await attempt(
      folder,
      job('after'),
      ({ steps }) => fullSpeedAt(steps, steadyMs) !== null,
    );
    return report({
      where: `${clips} clips in ${shards} shards in a ${emulator ? 'bucket' : 'folder'}`,
      model,
      steadyMs,
      killedAt: before.steps.at(-1)!.done,
      after,
    });
  } finally {
    await emulator?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A step that the worker has heard of. */
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
    intraOpThreads: availableParallelism(),
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

/** Runs a job in a process of its own, which is killed when `enough`. */
async function attempt(
  folder: string,
  job: EngineJob,
  enough: (attempt: Attempt) => boolean,
): Promise<Attempt> {
  const seen: Attempt = { startedMs: nowMs(), parts: [], steps: [] };
  const engine = new EngineProcess({
    entry: join(__dirname, 'resume', 'timed-engine.js'),
    root: folder,
    intraOpThreads: availableParallelism(),
    onOutput: (line) =>
      line.startsWith('{"part"')
        ? seen.parts.push(JSON.parse(line) as PartBegun)
        : process.stderr.write(`${line}\n`),
  });
  let killed = false;
  try {
    await engine.run(job, {
      signal: new AbortController().signal,
      onProgress: ({ unit, done }) => {
        if (unit !== 'steps' || killed) return;
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
 * Of the WINDOW steps that end with this one; null where there are not so many. An attempt's first
 * step has no time of its own.
 */
function meanMs(steps: readonly Step[], last: number): number | null {
  const [from, to] = [steps[last - WINDOW], steps[last]];
  return from && to ? (to.atMs - from.atMs) / WINDOW : null;
}

/** Two windows in a row that agree. */
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
function report(measured: {
  where: string;
  model: string;
  steadyMs: number;
  killedAt: number;
  after: Attempt;
}): number {
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
  console.log(
    `${model}, batch ${BATCH}, ${where}; ${(steadyMs / 1000).toFixed(2)} s a step before the kill\n`,
  );
  console.log('| since the attempt began | s |\n| --- | ---: |');
  for (const [name, seconds] of rows) console.log(`| ${name} | ${seconds} |`);
  console.log('\n| until the first step is done | s |\n| --- | ---: |');
  const begun = [{ part: PARTS[0], atMs: startedMs }, ...parts];
  for (const [index, { part, atMs }] of begun.entries()) {
    const endMs = begun[index + 1]?.atMs ?? first.atMs;
    console.log(`| ${part} | ${((endMs - atMs) / 1000).toFixed(2)} |`);
  }
  console.log(
    `\n${killedAt - (first.done - 1)} steps repeated, resumed at step ${first.done - 1} after a kill at ${killedAt}`,
  );
  const verdict =
    reached === null
      ? `not at full speed within ${steps.length} steps`
      : `at full speed after ${since(reached)} s`;
  console.log(`${verdict} (limit ${LIMIT_SECONDS} s)`);
  return reached !== null && reached - startedMs <= LIMIT_SECONDS * 1000 ? 0 : 1;
}
