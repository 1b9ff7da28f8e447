/**
 * Decodes a file from outside in a process of its own, under limits that the kernel enforces: a
 * file that exhausts memory, loops or crashes its decoder costs that process and this call, never a
 * worker that serves others. A new process a file also keeps a broken one from changing what a
 * later one decodes to.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FormatInvalid, type Format } from '../../ced/format-invalid';
import { reportingWait, type RetryOptions } from '../retry';
import type { Decoded, DecodingKind } from './decodings';
import type { ReaderAnswer, ReaderOrder } from './reader-process';

export interface ReaderLimits {
  /** Of the file. @default 2 GiB */
  largestBytes?: number;
  /** Of the process: a floor, and so many for each byte of the file. @default 768 MiB + 8 a byte */
  memoryBytes?: number;
  /** Processor time, which a busy machine does not shorten. @default 120 */
  processorSeconds?: number;
  /** Time by the clock, for a disk that does not answer. @default 1800 */
  seconds?: number;
  /** How its work is reported, and ended. */
  retry?: RetryOptions;
  /** What the decoding is told beside the file. */
  question?: unknown;
  /** What the process runs. @default the compiled reader-process */
  program?: string;
}

const LARGEST_BYTES = 2 ** 31;
const MEMORY_BYTES = 768 * 2 ** 20;
const MEMORY_A_BYTE = 8;
const PROCESSOR_SECONDS = 120;
const SECONDS = 1800;

const compiled = basename(join(__dirname, '../..')) === 'dist' ? '' : 'dist';
const readerProcess = join(__dirname, '../..', compiled, 'storage/reader/reader-process.js');

/**
 * @param format for messages
 * @returns the value, and the SHA-256 of the bytes it was decoded from
 * @throws FormatInvalid when the file is not of its format or breaks a limit
 * @throws NodeJS.ErrnoException when it cannot be read
 */
export async function readApart<K extends DecodingKind>(
  kind: K,
  path: string,
  format: Format,
  limits: ReaderLimits = {},
): Promise<{ value: Decoded<K>; sha256: string }> {
  const { largestBytes = LARGEST_BYTES, processorSeconds = PROCESSOR_SECONDS } = limits;
  const { size } = await stat(path);
  const memoryBytes = limits.memoryBytes ?? memoryFor(size);
  const child = startReader(limits.program ?? readerProcess, memoryBytes, processorSeconds);
  const seconds = limits.seconds ?? SECONDS;
  const answering = answerOf(
    child,
    { kind, path, question: limits.question, largestBytes },
    seconds,
  );
  const answer = await reportingWait(answering, `reading ${path}`, limits.retry ?? {}).finally(() =>
    child.kill('SIGKILL'),
  );
  if ('ended' in answer)
    switch (answer.ended) {
      case 'late':
        throw new FormatInvalid(format, `${path}: reading it took more than ${seconds} s`);
      case 'SIGXCPU':
        throw new FormatInvalid(
          format,
          `${path}: reading it took more than ${processorSeconds} s of processor time`,
        );
      case 'SIGABRT':
      case 'SIGTRAP':
      case 'SIGILL':
      case 'SIGSEGV':
      case 'SIGBUS':
        throw new FormatInvalid(
          format,
          `${path}: reading it crashed the decoder (${answer.ended}), which had ` +
            `${Math.ceil(memoryBytes / 1e6)} MB of memory`,
        );
      default:
        // Killed from outside, or never begun: says nothing about the file.
        throw new Error(`the process that read ${path} ended (${answer.ended})`);
    }
  if ('refused' in answer) throw new FormatInvalid(format, answer.refused);
  if ('failed' in answer)
    throw Object.assign(new Error(answer.failed), answer.code ? { code: answer.code } : {});
  return answer as { value: Decoded<K>; sha256: string };
}

/** Of a process that decodes so many bytes: a floor, and so many for each. */
export function memoryFor(bytes: number): number {
  return MEMORY_BYTES + MEMORY_A_BYTE * bytes;
}

function startReader(program: string, memoryBytes: number, processorSeconds: number): ChildProcess {
  // The shell sets the limits (in KiB and seconds) and becomes Node. RLIMIT_DATA counts what can be
  // written to: V8 reserves far more than it uses.
  const limited = 'ulimit -d "$1" && ulimit -S -t "$2" && ulimit -c 0 && shift 2 && exec "$@"';
  const numbers = [Math.ceil(memoryBytes / 1024), Math.ceil(processorSeconds)].map(String);
  return spawn('/bin/sh', ['-c', limited, 'sh', ...numbers, process.execPath, program], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    env: {},
  });
}

/** `ended`: how a process ended that gave no answer. */
async function answerOf(
  child: ChildProcess,
  order: ReaderOrder,
  seconds: number,
): Promise<ReaderAnswer | { ended: NodeJS.Signals | 'late' | `exit code ${number}` }> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => resolve({ ended: 'late' }), seconds * 1000);
      child.once('message', (message) => resolve(message as ReaderAnswer));
      child.once('error', (cause) =>
        reject(new Error(`no process to read ${order.path}`, { cause })),
      );
      // Not 'exit', which may come before an answer that was sent: 'close' waits for the channel.
      child.once('close', (code, signal) => resolve({ ended: signal ?? `exit code ${code ?? 0}` }));
      child.send(order, () => undefined);
    });
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}
