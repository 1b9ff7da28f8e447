/**
 * Loaded into every engine (`node --require`) beside the program: writes down each step and each
 * batch of rows that the engine reports to its worker, the moment it does. Heartbeats come every
 * four seconds and a killed process sends no last one; this is exact.
 */
import { openSync, writeSync } from 'node:fs';
import type { FromEngine, ToEngine } from '../../jobs/protocol';

/** What an engine got done, in the order in which it did. */
export interface Deed {
  /** Wall clock of this machine, whatever the engine takes for the time. */
  ms: number;
  pid: number;
  /** The run file's store. */
  store: string;
  unit: 'steps' | 'rows';
  /** Audio shard of the rows; 0 for steps. */
  shard: number;
  /** Of the whole training, or of the shard. */
  done: number;
  /** Workers that took the step together; absent = one, or rows. */
  members?: number;
}

const book = process.env['CED_WITNESS'];
const now = Date.now.bind(Date);
const { send } = process;

if (book !== undefined && send && process.env['CED_ROOT'] !== undefined) {
  const file = openSync(book, 'a');
  let work = { store: '', unit: '', shard: 0 };
  process.on('message', (message: ToEngine) => {
    if (message.type !== 'run') return;
    const { kind, input } = message.job;
    work = {
      store: input.store,
      unit: kind === 'train' ? 'steps' : 'rows',
      shard: kind === 'logits' ? input.shard : 0,
    };
  });
  process.send = function witnessed(this: NodeJS.Process, ...told: unknown[]) {
    const [message] = told as [FromEngine];
    // Told with a phase, it is no new work: validating, writing, waiting.
    if (
      message.type === 'progress' &&
      message.progress.unit === work.unit &&
      message.progress.phase === undefined
    ) {
      const { done, group } = message.progress;
      const shared = group ? { members: group.members } : {};
      const deed = { ms: now(), pid: process.pid, ...work, done, ...shared };
      writeSync(file, `${JSON.stringify(deed)}\n`);
    }
    return Reflect.apply(send, this, told) as boolean;
  };
}
