/**
 * Recordings one after the other, as streams: with progress, with a clean end on Ctrl-C and when
 * the reader of the output goes away, and past those that cannot be read.
 */
import { stat } from 'node:fs/promises';
import { describeFailure } from '../../failure';
import { listenForInterruption } from '../../run/interruption';
import { isClosedOutput, OutputFailed } from '../../standard-output';
import { audioInput, type AudioInput } from './audio-input';
import type { ListedFile } from './listed-audio';
import type { RawFormat } from './raw-samples';
import { ReadingProgress } from './reading-progress';

/** A program that Ctrl-C ended, by the convention of shells. */
const INTERRUPTED = 130;

export interface Reading {
  /** Aborted by Ctrl-C: what was read is finished, and no more is read. */
  readonly signal: AbortSignal;
  /** @param seconds of this recording that are done */
  readonly onProgress: (seconds: number) => void;
  /** To be called before output. */
  readonly onOutput: () => void;
}

/**
 * @param raw of standard input: null where it has a header
 * @returns exit status: 0; 1 when a recording could not be read; 130 when Ctrl-C left some of the
 *   files unread. For standard input Ctrl-C is the usual end
 */
export async function eachRecording(
  files: readonly ListedFile[],
  raw: RawFormat | null,
  use: (input: AudioInput, reading: Reading) => Promise<void>,
): Promise<number> {
  const interruption = listenForInterruption(() => undefined);
  interruption.onSecond(() => process.exit(INTERRUPTED));
  try {
    return await readAll(files, raw, interruption.signal, use);
  } catch (error) {
    if (isClosedOutput(error)) return 0;
    throw error;
  } finally {
    interruption.end();
  }
}

async function readAll(
  files: readonly ListedFile[],
  raw: RawFormat | null,
  signal: AbortSignal,
  use: (input: AudioInput, reading: Reading) => Promise<void>,
): Promise<number> {
  const progress = new ReadingProgress();
  const bytes = await totalBytes(files);
  const before = { bytes: 0, seconds: 0 };
  let failures = 0;
  let isCutShort = false;
  for (const [index, { file, fault }] of files.entries()) {
    if (signal.aborted) isCutShort = true;
    if (isCutShort) break;
    let seconds = 0;
    try {
      if (fault) throw fault;
      const input = await audioInput(file, raw, signal);
      await use(input, {
        signal,
        onProgress: (done) => {
          seconds = done;
          progress.show({
            done: index,
            files: files.length,
            bytes,
            bytesRead: before.bytes + input.bytesRead,
            audioSeconds: before.seconds + done,
          });
        },
        onOutput: () => progress.clear(),
      });
      isCutShort = signal.aborted && input.isFile && input.bytesRead < input.bytes;
      before.bytes += input.bytes;
    } catch (error) {
      if (error instanceof OutputFailed) throw error;
      failures++;
      progress.clear();
      process.stderr.write(`error: ${file}: ${describeFailure(error)}\n`);
    }
    before.seconds += seconds;
  }
  progress.clear();
  return isCutShort ? INTERRUPTED : failures > 0 ? 1 : 0;
}

/** 0 where one is of unknown length. */
async function totalBytes(files: readonly ListedFile[]): Promise<number> {
  let bytes = 0;
  for (const { file, fault } of files) {
    if (file === '-') return 0;
    bytes += fault
      ? 0
      : await stat(file).then(
          ({ size }) => size,
          () => 0,
        );
  }
  return bytes;
}
