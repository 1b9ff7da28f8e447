/**
 * Decodes mutants of one format in a decoder process, each within 10 s and 1 GB. A process that
 * dies or hangs is a fault and is replaced.
 */
import { fork, type ChildProcess } from 'node:child_process';
import type { Job, DecodeResult } from './decoder-process';
import type { FuzzedFormat } from './originals';

export const TIME_LIMIT_MS = 10_000;
export const MEMORY_LIMIT_BYTES = 1e9;

export interface FuzzReport {
  format: FuzzedFormat;
  files: number;
  /** How many were accepted, and refused for each reason. */
  outcomes: Record<string, number>;
  faults: { number: number; fault: string }[];
  slowestMs: number;
  peakBytes: number;
}

export interface FuzzOptions {
  root: string;
  /** Compiled decoder-process. */
  program: string;
  seed: number;
  files: number;
}

export async function fuzzFormat(
  format: FuzzedFormat,
  { root, program, seed, files }: FuzzOptions,
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
  for (let number = 0; number < files; number++) {
    child ??= fork(program, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    const startedMs = performance.now();
    const result = await ask(child, { root, format, seed, number });
    // The time of a process's first file includes its start.
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
  if (outcome === null) return `an error without a reason: ${error}`;
  return peakBytes > MEMORY_LIMIT_BYTES ? `${Math.round(peakBytes / 1e6)} MB of memory` : null;
}

/** @returns the result, or how the process failed */
function ask(child: ChildProcess, job: Job): Promise<DecodeResult | string> {
  return new Promise((resolve) => {
    const settle = (result: DecodeResult | string): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(result);
    };
    const timer = setTimeout(
      () => settle(`no answer within ${TIME_LIMIT_MS / 1000} s`),
      TIME_LIMIT_MS,
    );
    child.once('message', (message) => settle(message as DecodeResult));
    child.once('error', (error) => settle(error.message));
    child.once('exit', (code, signal) =>
      settle(`the process died of ${signal ?? `exit code ${code}`}`),
    );
    child.send(job);
  });
}
