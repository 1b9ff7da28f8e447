/**
 * The engine process as a worker forks it (jobs/child), with a stopwatch: until its first step it
 * prints a line of JSON whenever another part of its start begins. It wraps the modules' exports,
 * so that the product needs no clock for its benchmark.
 */
import * as attempts from '../../jobs/train/attempts';
import * as logits from '../../jobs/train/stored-logits';
import * as checkpoints from '../../storage/training/training-checkpoint';
import { TrainingSet } from '../../jobs/train/training-set';
import { CorpusAudio } from '../../storage/corpus/corpus-audio';
import * as engine from '../../ced/engine/engine';
import { Trainer } from '../../ced/training/trainer';

/** In order; each lasts until the next begins, the last until the first step is reported. */
export const PARTS = [
  'process and Node',
  'compiled code',
  'TensorFlow',
  'corpus and audio shards',
  'logits',
  'checkpoint',
  'variables and moments',
  'first batch',
  'first step, traced',
] as const;

export type Part = (typeof PARTS)[number];

export interface PartBegun {
  part: Part;
  /** Milliseconds since 1970, by a clock that does not jump within a process. */
  atMs: number;
}

const begun = new Set<Part>();

function begin(part: Part, sinceStartMs = performance.now()): void {
  if (begun.has(part)) return;
  begun.add(part);
  const line: PartBegun = { part, atMs: performance.timeOrigin + sinceStartMs };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** The first call of `owner[name]` begins the part. */
function timed<Owner extends object>(owner: Owner, name: keyof Owner & string, part: Part): void {
  const original = owner[name] as (...args: unknown[]) => unknown;
  Object.assign(owner, {
    [name]: function (this: unknown, ...args: unknown[]) {
      begin(part);
      return original.apply(this, args);
    },
  });
}

if (require.main === module) {
  begin('compiled code', performance.nodeTiming.bootstrapComplete);
  timed(engine, 'openEngine', 'TensorFlow');
  timed(CorpusAudio, 'open', 'corpus and audio shards');
  timed(logits, 'verifyStoredLogits', 'logits');
  timed(checkpoints, 'readLatestCheckpoint', 'checkpoint');
  timed(attempts, 'recordAttempt', 'variables and moments');
  timed(TrainingSet.prototype, 'batch', 'first batch');
  timed(Trainer.prototype, 'step', 'first step, traced');
  // Loaded after the stopwatch, because loading starts it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  require('../../jobs/child');
}
