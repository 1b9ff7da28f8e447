/**
 * The thread that commits checkpoints. A step blocks the engine's own thread, where a write would
 * advance by one small piece a step; here it runs beside the steps. It does not load TensorFlow.
 */
import { parentPort } from 'node:worker_threads';
import { commitCheckpoint } from '../train/checkpoint-commit';
import { oncePerSecond } from '../../storage/once-per-second';
import { openGuardedStore, storeOptionsFrom } from '../../storage/open-store';
import { encodeError } from './error-record';
import { standstillLimitMs, Standstills } from './standstills';
import { Ownership } from './ownership';
import type { FromCommitThread, ToCommitThread } from './commit-protocol';

const port = parentPort;
if (!port) throw new Error('commit-thread is started as a thread');
const send = (message: FromCommitThread): void => port.postMessage(message);
const root = process.env['CED_ROOT'] ?? process.cwd();

// This thread is never blocked: where its clock stood still, the process did.
const standstills = new Standstills(standstillLimitMs(process.env));
setInterval(() => standstills.seen(), standstills.limitMs / 4).unref();
const ownership = new Ownership(standstills, (standstill) =>
  send({ type: 'askOwnership', standstill }),
);

port.on('message', (message: ToCommitThread) => {
  if (message.type === 'confirmOwnership') ownership.confirm(message.standstill);
  else void commit(message);
});

async function commit({
  id,
  store,
  checkpoint,
}: Extract<ToCommitThread, { type: 'commit' }>): Promise<void> {
  try {
    const onWait = (): void => send({ type: 'waiting', id });
    const retry = { onWait, onBytes: oncePerSecond(onWait) };
    const options = { ...storeOptionsFrom(process.env), retry };
    const guard = { beforeChange: () => ownership.pass() };
    await commitCheckpoint(openGuardedStore(root, store, options, guard), checkpoint);
    send({ type: 'done', id });
  } catch (error) {
    send({ type: 'failed', id, error: encodeError(error) });
  }
}
