/**
 * Loaded into a worker and its engine (`node --require`). Once their work reaches the point in
 * `CED_STOP_AT`, this sends SIGTERM to the worker and holds the work there until it is told to
 * stop: a test stops a phase in its middle, however fast the machine is. Notes in
 * `CED_STOP_NOTES` what the engine reports, and when it was told to stop.
 */
import { appendFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import timers from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import type { FromEngine, ToEngine } from '../../jobs/protocol';

/** A report of the engine's progress, or the file that a CPU activity is about to create. */
export type StopPoint = { unit: string; phase?: string; done: number } | { creating: string };

/** `stop`: the engine was told to stop; the others are its own messages. */
export type StopNote =
  | { type: 'stop' }
  | { type: 'epoch' | 'done' }
  | { type: 'progress'; store: string; unit: string; phase?: string; done: number };

const notes = process.env['CED_STOP_NOTES'];
const point = JSON.parse(process.env['CED_STOP_AT'] ?? 'null') as StopPoint | null;

if (notes !== undefined && isMainThread) {
  if (process.env['CED_ROOT'] !== undefined && process.send) watchEngine(notes, process.send);
  else if (point && 'creating' in point) holdCreation(point.creating);
}

function watchEngine(book: string, send: NonNullable<NodeJS.Process['send']>): void {
  const note = (entry: StopNote): void => appendFileSync(book, `${JSON.stringify(entry)}\n`);
  let store = '';
  let reached = false;
  let tellStopped: () => void;
  const stopped = new Promise<void>((resolve) => (tellStopped = resolve));
  process.on('message', (message: ToEngine) => {
    if (message.type === 'run') store = message.job.input.store;
    if (message.type !== 'stop') return;
    note({ type: 'stop' });
    tellStopped();
  });
  // A job lets its process read messages this way, and looks then whether it was told to stop.
  const yieldNow = timers.setImmediate;
  Object.assign(timers, {
    setImmediate: async (): Promise<void> => {
      await yieldNow();
      if (reached) await stopped;
    },
  });
  process.send = function noted(this: NodeJS.Process, ...told: unknown[]) {
    const [message] = told as [FromEngine];
    if (message.type === 'epoch' || message.type === 'done') note({ type: message.type });
    if (message.type === 'progress') {
      const { unit, phase, done } = message.progress;
      note({ type: 'progress', store, unit, done, ...(phase === undefined ? {} : { phase }) });
      if (!reached && isAt(message.progress)) {
        reached = true;
        process.kill(process.ppid, 'SIGTERM');
        // The engine yields at most every 20 ms; after these it does at once.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
      }
    }
    return Reflect.apply(send, this, told) as boolean;
  };
}

function isAt({ unit, phase, done }: { unit: string; phase?: string; done: number }): boolean {
  if (point === null || 'creating' in point) return false;
  return unit === point.unit && phase === point.phase && done >= point.done;
}

/** A store creates an object by linking its finished file to its name. */
function holdCreation(pattern: string): void {
  const { link } = fs;
  let reached = false;
  Object.assign(fs, {
    link: async (from: string, to: string): Promise<void> => {
      if (!reached && new RegExp(pattern).test(to)) {
        reached = true;
        const { Context } = await import('@temporalio/activity');
        const { cancellationSignal } = Context.current();
        const cancelled = new Promise((resolve) =>
          cancellationSignal.addEventListener('abort', resolve, { once: true }),
        );
        process.kill(process.pid, 'SIGTERM');
        await cancelled;
      }
      await link(from, to);
    },
  });
}
