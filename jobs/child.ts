/**
 * The engine's process: the only one that loads TensorFlow. It takes orders by IPC alone (signals
 * go to the whole process group and would kill it before its checkpoint), runs one job at a time,
 * yields after every step, and ends when its worker is gone or silent.
 */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { openEngine } from '../ced/engine/engine';
import { EngineStopped } from './engine-jobs';
import type { JobContext } from './job-context';
import { MappedModel } from './mapped-model';
import { runJob } from './run-job';
import { oncePerSecond } from '../storage/once-per-second';
import { openGuardedStore, openObjectCache, storeOptionsFrom } from '../storage/open-store';
import type { LiveProgress } from '../workflows/contract/live-progress';
import { standstillLimitMs, Standstills } from './process/standstills';
import { encodeError } from './process/error-record';
import { CheckpointThread } from './process/checkpoint-thread';
import { Ownership } from './process/ownership';
import type { FromEngine, ToEngine } from './protocol';
import { GROUPS_DESCRIPTOR } from './protocol-group';
import { GroupLink } from './train/group-link';
import { MessageTimeout } from './process/message-timeout';

process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));

const root = process.env['CED_ROOT'] ?? process.cwd();
const send = (message: FromEngine): void => void process.send?.(message);
const monotonicMs = (): number => performance.now();

/** Id of the job at work. */
let atWork: number | null = null;
/** Aborted when the job at work is told to stop. */
let stopping = new AbortController();
/** Of the job at work, if other workers may take part in it. */
let group: GroupLink | null = null;
let lastYieldMs = monotonicMs();
/** Whether the worker can end groups while this thread waits inside of one. */
let isTold = false;
const engine = openEngine();
const models = new Map<string, Promise<MappedModel>>();

const limitMs = standstillLimitMs(process.env);
const standstills = new Standstills(limitMs);
const timeout = new MessageTimeout(limitMs);
const ownership = new Ownership(standstills, (standstill) =>
  send({ type: 'askOwnership', standstill }),
);
const checkpoints = new CheckpointThread(join(__dirname, 'process', 'commit-thread.js'), () =>
  ownership.pass(),
);

setInterval(() => {
  standstills.seen();
  timeout.check(() => process.exit(1));
}, limitMs / 4).unref();

process.on('message', (message: ToEngine) => {
  timeout.onMessage();
  if (message.type === 'confirmOwnership') ownership.confirm(message.standstill);
  if (message.type === 'stop' && message.id === atWork) stopping.abort(new EngineStopped());
  if (message.type === 'group' && message.id === atWork) group?.receive(message.message);
  if (message.type === 'run') void run(message);
});

async function run({ id, job, inGroup }: Extract<ToEngine, { type: 'run' }>): Promise<void> {
  if (atWork !== null) {
    const error = new Error(
      `this engine process is at work on job ${atWork}, job ${id} is refused`,
    );
    return send({ type: 'failed', id, error: encodeError(error) });
  }
  atWork = id;
  stopping = new AbortController();
  // Each of many requests at once listens.
  setMaxListeners(0, stopping.signal);
  const context = contextOf(id, job.input.store, stopping.signal);
  try {
    group = inGroup === true ? groupLink(id, stopping.signal) : null;
    if (job.kind === 'train' || job.kind === 'take part') await forgetModels();
    send({
      type: 'done',
      id,
      result: await runJob(group === null ? context : { ...context, group }, job),
    });
  } catch (error) {
    send({ type: 'failed', id, error: encodeError(error) });
  } finally {
    atWork = null;
  }
}

function groupLink(id: number, stopped: AbortSignal): GroupLink {
  if (!isTold) engine.endGroupsByDescriptor(GROUPS_DESCRIPTOR);
  isTold = true;
  return new GroupLink(
    (message) => send({ type: 'group', id, message }),
    stopped,
    () => send({ type: 'waiting', id }),
  );
}

/**
 * @param stopped ends waiting for stores; checkpoints are committed by another thread, without it
 */
function contextOf(id: number, storeUri: string, stopped: AbortSignal): JobContext {
  const onProgress = (progress: LiveProgress): void =>
    send({ type: 'progress', id, progress, memoryBytes: process.memoryUsage.rss() });
  const onWait = (): void => send({ type: 'waiting', id, phase: 'waiting for the store' });
  const onBytes = oncePerSecond(() => send({ type: 'waiting', id }));
  const retry = { onWait, onBytes, signal: stopped };
  const store = openGuardedStore(
    root,
    storeUri,
    { ...storeOptionsFrom(process.env), retry },
    { beforeChange: () => ownership.pass(), after: onBytes },
  );
  return {
    store,
    engine,
    cache: openObjectCache(storeOptionsFrom(process.env)),
    monotonicMs,
    onProgress,
    onEpoch: (record) => send({ type: 'epoch', id, record }),
    commit: (checkpoint) => checkpoints.commit(storeUri, checkpoint, onBytes),
    yieldAndCheckStop: async () => {
      // Enough to read the mailbox, rarely enough to cost nothing on small models.
      if (monotonicMs() - lastYieldMs > 20) {
        await immediate();
        lastYieldMs = monotonicMs();
      }
      return stopped.aborted;
    },
    teacher: (modelSha256, precision, vocabulary, missing = 'refuse') => {
      const key = `${modelSha256}/${precision}/${missing}/${JSON.stringify(vocabulary)}`;
      const loading =
        models.get(key) ??
        MappedModel.load(store, engine, modelSha256, precision, vocabulary, missing);
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

send({ type: 'ready', device: engine.kind.device });
