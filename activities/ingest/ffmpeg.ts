/**
 * The formats that have no decoder of ours (M4A, WebM, AAC, WMA, AIFF …) through `ffmpeg`, when it
 * is installed: one process a clip, which sees one local file and nothing else, in bounded time and
 * memory, and whose output is read while it decodes. Rate and channels stay as they are; our own
 * resampler does the rest. A cancelled attempt kills it.
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { AudioBlock } from '../../ced/audio/audio-block';
import type { ByteParts } from '../../ced/audio/byte-parts';
import { reportingWait, type RetryOptions } from '../../storage/retry';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import { decodeAudio } from '../../ced/audio/decode';
import { FfmpegLog } from './ffmpeg-log';

export interface FfmpegLimits {
  /** @default 'ffmpeg', looked for on the PATH */
  program?: string;
  /** A clip that takes longer is refused. @default 120000 */
  timeoutMs?: number;
  /**
   * Most bytes of decoded float32 audio; 16 GiB is half a day of stereo at 48 kHz. None of it is
   * held. @default 16 GiB
   */
  maxBytes?: number;
  /** How its work is reported, and ended. */
  retry?: RetryOptions;
}

// Playlists and scripts (hls, concat, …) could make it read other files or call out; these formats
// cannot.
const FORMATS =
  'mov,matroska,aac,asf,aiff,caf,wav,w64,ape,wv,amr,au,tta,tak,mp3,ogg,flac,flv,avi,mpeg,mpegts,' +
  'ac3,eac3,dts,nistsphere,voc,sox,ircam,dsf,mpc,mpc8';

/** What is made of the decoded blocks. */
type Use<T> = (blocks: AsyncIterable<AudioBlock>) => Promise<T>;

/**
 * @param parts bytes of the clip
 * @param use called again where a first, strict run fails
 * @returns what `use` returns; null where ffmpeg is not installed
 * @throws {ClipUnreadable}
 */
export async function decodeWithFfmpeg<T extends object>(
  parts: ByteParts,
  longestSeconds: number,
  limits: FfmpegLimits,
  use: Use<T>,
): Promise<T | null> {
  const folder = await mkdtemp(join(tmpdir(), `ced-ffmpeg-${process.pid}-`));
  try {
    // A file rather than a pipe: many M4A files keep their index at the end.
    const input = join(folder, 'clip');
    await pipeline(parts, createWriteStream(input, { mode: 0o600 }));
    return await run(input, longestSeconds, limits, use);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Strictly first. A last packet that is no whole one, as writers of GSM and ADPCM leave behind, is
 * an error too: where nothing else is lost, what a second run gives is the clip.
 */
async function run<T extends object>(
  input: string,
  longestSeconds: number,
  limits: FfmpegLimits,
  use: Use<T>,
): Promise<T | null> {
  const strict = await attempt(input, longestSeconds, limits, use, {
    global: ['-v', 'error', '-xerror'],
    output: [],
  });
  if (!(strict instanceof ClipUnreadable)) return strict;
  const log = new FfmpegLog();
  const lenient = await attempt(input, longestSeconds, limits, use, {
    global: ['-hide_banner', '-nostats', '-v', 'info'],
    output: ['-af', 'ashowinfo'],
    onText: (text) => log.add(text),
  });
  if (lenient instanceof ClipUnreadable || !log.isWholeButForTheEnd) throw strict;
  return lenient;
}

/** @returns null where ffmpeg is not installed; its complaint where it ends with one */
async function attempt<T extends object>(
  input: string,
  longestSeconds: number,
  { program = 'ffmpeg', timeoutMs = 120_000, maxBytes = 2 ** 34, retry = {} }: FfmpegLimits,
  use: Use<T>,
  options: { global: string[]; output: string[]; onText?: (text: string) => void },
): Promise<T | ClipUnreadable | null> {
  const child = spawn(program, [...argumentsFor(input, options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  let complaint = '';
  let isLate = false;
  let isOutputComplete = false;
  child.stderr.on('data', (bytes: Buffer) => {
    const text = bytes.toString();
    options.onText?.(text);
    complaint = (complaint + text).slice(0, 2000);
  });
  const ended = new Promise<number | null | NodeJS.ErrnoException>((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  try {
    const output = bounded(child.stdout, maxBytes, () => (isOutputComplete = true));
    const decoding = decodeAudio(output, 'clip', longestSeconds).then(use);
    const decoded = await reportingWait(decoding, 'decoding with ffmpeg', retry).then(
      (value) => ({ value }),
      (refusal: unknown) => ({ refusal }),
    );
    if ('refusal' in decoded) child.kill('SIGKILL');
    const end = await ended;
    retry.signal?.throwIfAborted();
    if (end !== null && typeof end === 'object') {
      if (end.code === 'ENOENT') return null;
      throw end;
    }
    // A refusal before the end of the output broke the pipe, which is all that ffmpeg reports.
    if ('refusal' in decoded && !isOutputComplete && !isLate) throw decoded.refusal;
    if (isLate)
      throw new ClipUnreadable('damaged', `ffmpeg took longer than ${timeoutMs / 1000} s`);
    if (end !== null && end !== 0)
      return new ClipUnreadable(
        'damaged',
        `ffmpeg cannot decode it: ${explained(complaint, input)}`,
      );
    if ('refusal' in decoded) throw decoded.refusal;
    return decoded.value;
  } finally {
    clearTimeout(timer);
  }
}

function argumentsFor(
  input: string,
  { global, output }: { global: string[]; output: string[] },
): string[] {
  return [
    ...['-nostdin', ...global, '-protocol_whitelist', 'file', '-format_whitelist', FORMATS],
    ...['-i', `file:${input}`, '-map', '0:a:0', '-threads', '1', ...output],
    ...['-f', 'wav', '-c:a', 'pcm_f32le', '-bitexact', 'pipe:1'],
  ];
}

async function* bounded(
  parts: AsyncIterable<Uint8Array>,
  maxBytes: number,
  onEnd: () => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > maxBytes)
      throw new ClipUnreadable('damaged', `it decodes to more than ${maxBytes} bytes`);
    yield part;
  }
  onEnd();
}

/** The first line, without the part of ffmpeg that says it. */
function explained(complaint: string, input: string): string {
  const [line = ''] = complaint.trim().split('\n');
  const reason = line.replaceAll(`file:${input}`, 'clip').replace(/^(?:\[[^\]]*\] )*/, '');
  return reason.slice(0, 200) || 'it gave no reason';
}
