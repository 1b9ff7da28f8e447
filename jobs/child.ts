/**
 * The engine's process: the only one that loads TensorFlow. It takes orders by IPC alone (signals
 * go to the whole process group and would kill it before its checkpoint), runs one job at a time,
 * yields after every step, and ends when its worker is gone or silent.
 */
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { openEngine } from '../ced/engine/engine';
import type { JobContext } from './job-context';
import { MappedModel } from './mapped-model';
import { runJob } from './run-job';
import { openObjectCache, openStore, storeOptionsFrom } from '../storage/open-store';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { standstillLimitMs, Standstills } from './process/standstills';
import { encodeError } from './process/error-record';
import { CheckpointThread } from './process/checkpoint-thread';
import { Ownership } from './process/ownership';
import { OwnedStore } from './process/owned-store';
import type { FromEngine, ToEngine } from './protocol';
import { Silence } from './process/silence';

process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));

const root = process.env['CED_ROOT'] ?? process.cwd();
const send = (message: FromEngine): void => void process.send?.(message);
const monotonicMs = (): number => performance.now();

/** Id of the job at work. */
let atWork: number | null = null;
let stopRequested: number | null = null;
let lastYieldMs = monotonicMs();
const engine = openEngine();
const models = new Map<string, Promise<MappedModel>>();

const limitMs = standstillLimitMs(process.env);
const standstills = new Standstills(limitMs);
const silence = new Silence(limitMs);
const ownership = new Ownership(standstills, (standstill) =>
  send({ type: 'askOwnership', standstill }),
);
const checkpoints = new CheckpointThread(join(__dirname, 'process', 'commit-thread.js'), () =>
  ownership.pass(),
);

setInterval(() => {
  standstills.seen();
  silence.look(() => process.exit(1));
}, limitMs / 4).unref();

process.on('message', (message: ToEngine) => {
  silence.heard();
  if (message.type === 'confirmOwnership') ownership.confirm(message.standstill);
  if (message.type === 'stop') stopRequested = message.id;
  if (message.type === 'run') void run(message);
});

async function run({ id, job }: Extract<ToEngine, { type: 'run' }>): Promise<void> {
  if (atWork !== null) {
    const error = new Error(
      `this engine process is at work on job ${atWork}, job ${id} is refused`,
    );
    return send({ type: 'failed', id, error: encodeError(error) });
  }
  atWork = id;
  try {
    if (job.kind === 'train') await forgetModels();
    send({ type: 'done', id, result: await runJob(contextOf(id, job.input.store), job) });
  } catch (error) {
    send({ type: 'failed', id, error: encodeError(error) });
  } finally {
    atWork = null;
  }
}

function contextOf(id: number, storeUri: string): JobContext {
  const onProgress = (progress: LiveProgress): void =>
    send({ type: 'progress', id, progress, memoryBytes: process.memoryUsage.rss() });
  // Waiting for a store that does not answer is no hang.
  const onWait = (): void => send({ type: 'waiting', id, phase: 'waiting for the store' });
  let toldMs = 0;
  // A part that arrives is a sign of life; one a second is enough.
  const onBytes = (): void => {
    if (monotonicMs() - toldMs < 1000) return;
    toldMs = monotonicMs();
    onWait();
  };
  const retry = { onWait, onBytes };
  const store = new OwnedStore(
    openStore(root, storeUri, { ...storeOptionsFrom(process.env), retry }),
    () => ownership.pass(),
  );
  return {
    store,
    engine,
    cache: openObjectCache(storeOptionsFrom(process.env)),
    monotonicMs,
    onProgress,
    onEpoch: (record) => send({ type: 'epoch', id, record }),
    commit: (checkpoint) => checkpoints.commit(storeUri, checkpoint, onWait),
    yieldAndCheckStop: async () => {
      // Enough to read the mailbox, rarely enough to cost nothing on small models.
      if (monotonicMs() - lastYieldMs > 20) {
        await immediate();
        lastYieldMs = monotonicMs();
      }
      return stopRequested === id;
    },
    teacher: (modelSha256, precision, vocabulary) => {
      const key = `${modelSha256}/${precision}/${JSON.stringify(vocabulary)}`;
      const loading =
        models.get(key) ?? MappedModel.load(store, engine, modelSha256, precision, vocabulary);
      models.set(key, loading);
      loading.catch(() => models.delete(key));
      return loading;
    },
  };
}

async function forgetModels(): Promise<void> {
  for (const model of models.values()) (await model).dispose();
  models.clear();
}

send({ type: 'ready' });
