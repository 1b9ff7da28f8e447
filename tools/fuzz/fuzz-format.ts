/**
 * Has files of one format read by a process that stays alive from file to file, each within 10 s of
 * processor time and 1 GB. A process that dies or hangs is a fault and is replaced.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { processorMs } from './processor-time';

/** For one file. Other work on the machine takes none of it. */
const PROCESSOR_LIMIT_MS = 10_000;
/** For a process that waits for something and so takes no processor time. */
const SILENCE_LIMIT_MS = 180_000;
export const MEMORY_LIMIT_BYTES = 1e9;

/** What the process is sent, once it has said that it is ready. */
export interface Job {
  seed: number;
  number: number;
}

/** What it answers. */
export interface DecodeResult {
  /** What reading the file came to; null for a fault. */
  outcome: string | null;
  /** The fault. */
  error?: string;
  /** Peak memory of this process so far. */
  peakBytes: number;
}

export interface FuzzReport {
  format: string;
  files: number;
  /** How often reading a file came to what. */
  outcomes: Record<string, number>;
  faults: { number: number; fault: string }[];
  slowestMs: number;
  peakBytes: number;
}

export interface FuzzOptions {
  root: string;
  /** Compiled; given `root` and the format, it answers each `Job` by a `DecodeResult`. */
  program: string;
  seed: number;
  /** Number of the first file. */
  first: number;
  files: number;
  /** @default 10 s for a file */
  processorLimitMs?: number;
}

export async function fuzzFormat(
  format: string,
  { root, program, seed, first, files, processorLimitMs = PROCESSOR_LIMIT_MS }: FuzzOptions,
): Promise<FuzzReport> {
  const report: FuzzReport = {
    format,
    files,
    outcomes: {},
    faults: [],
    slowestMs: 0,
    peakBytes: 0,
  };
  let child: ChildProcess | null = null;
  for (let number = first; number < first + files; number++) {
    child ??= await started(program, [root, format]);
    const startedMs = performance.now();
    const result = await ask(child, { seed, number }, processorLimitMs);
    report.slowestMs = Math.max(report.slowestMs, performance.now() - startedMs);
    const fault = typeof result === 'string' ? result : faultOf(result);
    if (fault !== null) {
      report.faults.push({ number, fault });
      child.kill('SIGKILL');
      child = null;
    }
    if (typeof result === 'string') continue;
    report.peakBytes = Math.max(report.peakBytes, result.peakBytes);
    if (result.outcome !== null)
      report.outcomes[result.outcome] = (report.outcomes[result.outcome] ?? 0) + 1;
  }
  child?.kill('SIGKILL');
  return report;
}

function faultOf({ outcome, error, peakBytes }: DecodeResult): string | null {
  if (outcome === null) return String(error);
  return peakBytes > MEMORY_LIMIT_BYTES ? `${Math.round(peakBytes / 1e6)} MB of memory` : null;
}

/** A busy machine may take long to start a process: that is no file's fault. */
async function started(program: string, args: readonly string[]): Promise<ChildProcess> {
  const child = fork(program, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const ready = await Promise.race([
    once(child, 'message').then(() => true),
    once(child, 'exit').then(() => false),
  ]);
  if (!ready) throw new Error(`${program} ended before its first file`);
  return child;
}

/** @returns the result, or how the process failed */
function ask(
  child: ChildProcess,
  job: Job,
  processorLimitMs: number,
): Promise<DecodeResult | string> {
  return new Promise((resolve) => {
    const settle = (result: DecodeResult | string): void => {
      clearInterval(timer);
      child.removeAllListeners();
      resolve(result);
    };
    const pid = child.pid!;
    const [startedMs, processorStartedMs] = [performance.now(), processorMs(pid)];
    const timer = setInterval(() => {
      if (processorMs(pid) - processorStartedMs > processorLimitMs)
        settle(`no answer within ${processorLimitMs / 1000} s of processor time`);
      else if (performance.now() - startedMs > SILENCE_LIMIT_MS)
        settle(`no answer within ${SILENCE_LIMIT_MS / 1000} s`);
    }, 100);
    child.once('message', (message) => settle(message as DecodeResult));
    child.once('error', (error) => settle(error.message));
    child.once('exit', (code, signal) =>
      settle(`the process died of ${signal ?? `exit code ${code}`}`),
    );
    child.send(job);
  });
}
