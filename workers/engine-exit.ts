/**
 * How an engine process ended, in one line for the failure of its job. If memory ran out, the line
 * names the job, the memory used, the memory available and the setting to lower: the signal alone
 * explains nothing.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { EngineJob } from '../jobs/engine-jobs';

export interface EngineExit {
  code: number | null;
  signal: string | null;
  /** Whether the kernel killed a process for want of memory while the job ran. */
  outOfMemory: boolean;
  /** Largest resident memory seen; 0 = none was seen. */
  peakBytes: number;
  /** What the process ran; null = it was idle. */
  job: EngineJob | null;
}

export function describeExit({ code, signal, outOfMemory, peakBytes, job }: EngineExit): string {
  const ended = `the engine's process ended (${signal ?? `exit status ${code}`})`;
  const killed = signal === 'SIGKILL' && outOfMemory;
  // A failed allocation aborts: JavaScript's heap and C++ alike. Other faults do so too.
  const aborted = signal === 'SIGABRT' || code === 134;
  if (!job || !(killed || aborted)) return ended;
  const cause = killed
    ? 'the kernel killed it because memory ran out'
    : 'it aborted, as when memory cannot be allocated; its last lines are in the log of the worker';
  return `${ended} while it ${doing(job)}: ${cause} ${amounts(peakBytes)}; ${remedy(job)}`;
}

/** Of TensorFlow on any device, of CUDA, and of JavaScript's typed arrays. */
const ALLOCATION_FAILED =
  /OOM when allocating|CUDA_ERROR_OUT_OF_MEMORY|Array buffer allocation failed/;

/**
 * A job's error as `describeExit` puts it, if the error is that of a failed allocation; else null.
 */
export function describeFailedAllocation(
  { message }: Error,
  { peakBytes, job }: Pick<EngineExit, 'peakBytes'> & { job: EngineJob },
): string | null {
  if (!ALLOCATION_FAILED.test(message)) return null;
  const [line = ''] = message.split('\n', 1);
  return (
    `the engine ran out of memory while it ${doing(job)} ${amounts(peakBytes)}; ` +
    `${remedy(job)}: ${line.slice(0, 300)}`
  );
}

/** Why a job was ended that said nothing: what it did, and what may be the reason. */
export function describeSilence({
  job,
  phase,
  silentMs,
}: {
  job: EngineJob;
  /** Empty: the job's own work. */
  phase: string;
  silentMs: number;
}): string {
  const seconds = Math.round(silentMs / 1000);
  return (
    `the engine said nothing for ${seconds} s while it ${doing(job)}` +
    `${phase === '' ? '' : `, ${phase}`}, and was ended: a model that never finishes, ` +
    'or a machine that is far too slow'
  );
}

/**
 * Processes that the kernel has killed for want of memory since it started, in this cgroup and
 * outside of it; NaN where it does not say.
 */
export function outOfMemoryKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1]);
  } catch {
    return NaN; // not Linux
  }
}

/** Largest resident memory that a process has had so far; 0 = unknown. */
export function peakResidentBytes(pid: number): number {
  try {
    return (
      1024 *
      Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
    );
  } catch {
    return 0;
  }
}

/** Of this process's cgroup, which the engine shares, or the machine's. */
function memoryLimit(): number {
  const limit = process.constrainedMemory() ?? 0;
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}

function doing(job: EngineJob): string {
  switch (job.kind) {
    case 'train':
      return `trained ${job.input.settings.name}`;
    case 'take part':
      return `took part in training ${job.input.settings.name}`;
    case 'logits':
      return `computed logits of shard ${job.input.shard}`;
    case 'score':
      return `scored ${job.input.model.name} on ${job.input.split}`;
    case 'compare':
      return `compared ${job.input.challenger.name} with the champion`;
    case 'try':
      return `tried ${job.input.teachers.map(({ name }) => name).join(' and ')}`;
  }
}

function amounts(peakBytes: number): string {
  const held = peakBytes > 0 ? `it held ${gigabytes(peakBytes)} of ` : 'there are ';
  return `(${held}${gigabytes(memoryLimit())})`;
}

function remedy(job: EngineJob): string {
  return `${lower(job)}, or give the worker more memory`;
}

function lower(job: EngineJob): string {
  switch (job.kind) {
    case 'train':
    case 'take part':
      return `raise parts or lower batchSize of ${job.input.settings.name}`;
    case 'logits':
      return (
        'lower corpus.clipsPerShard, logits.views or chunkSeconds, or distill from fewer or ' +
        'smaller teachers'
      );
    case 'score':
    case 'compare':
    case 'try':
      return 'lower chunkSeconds, or use a smaller model';
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
