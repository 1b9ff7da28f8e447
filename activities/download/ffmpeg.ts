/**
 * The formats that have no decoder of ours (M4A, WebM, AAC, WMA, AIFF …) through `ffmpeg`, when it is installed: one process a clip, which sees one
 * local file and nothing else, in bounded time and memory. Rate and channels stay as they are; our own resampler does the rest.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClipUnreadable } from '../../ced/audio/clip-unreadable';
import type { DecodedAudio } from '../../ced/audio/decoded-audio';
import { decodeWav } from '../../ced/audio/wav';

export interface FfmpegLimits {
  /** @default 'ffmpeg', looked for on the PATH */
  program?: string;
  /** A clip that takes longer is refused. @default 120000 */
  timeoutMs?: number;
  /** Most bytes of decoded float32 audio; 1 GiB is 1.5 hours of stereo at 48 kHz. @default 1 GiB */
  maxBytes?: number;
}

// Playlists and scripts (hls, concat, …) could make it read other files or call out; these formats cannot.
const FORMATS = 'mov,matroska,aac,asf,aiff,caf,wav,w64,ape,wv,amr,au,tta,tak,mp3,ogg,flac,flv,avi,mpeg,mpegts,ac3,eac3,dts';

/** @returns null where ffmpeg is not installed. @throws {ClipUnreadable} */
export async function decodeWithFfmpeg(bytes: Uint8Array, limits: FfmpegLimits = {}): Promise<DecodedAudio | null> {
  const folder = await mkdtemp(join(tmpdir(), `ced-ffmpeg-${process.pid}-`));
  try {
    // A file rather than a pipe: many M4A files keep their index at the end.
    const input = join(folder, 'clip');
    await writeFile(input, bytes, { mode: 0o600 });
    const wav = await run(input, limits);
    return wav && decodeWav(wav);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(input: string, { program = 'ffmpeg', timeoutMs = 120_000, maxBytes = 2 ** 30 }: FfmpegLimits): Promise<Buffer | null> {
  const args = ['-nostdin', '-v', 'error', '-xerror', '-protocol_whitelist', 'file', '-format_whitelist', FORMATS];
  args.push('-i', `file:${input}`, '-map', '0:a:0', '-threads', '1', '-f', 'wav', '-c:a', 'pcm_f32le', '-bitexact', 'pipe:1');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } });
    const parts: Buffer[] = [];
    let length = 0;
    let complaint = '';
    let refusal: string | null = null;
    const refuse = (reason: string): void => {
      refusal ??= reason;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => refuse(`ffmpeg took longer than ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.on('data', (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length > maxBytes) refuse(`it decodes to more than ${maxBytes} bytes`);
    });
    child.stderr.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(0, 2000)));
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (error.code === 'ENOENT') resolve(null);
      else reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (refusal !== null) reject(new ClipUnreadable('damaged', refusal));
      else if (code !== 0) reject(new ClipUnreadable('damaged', `ffmpeg cannot decode it: ${explained(complaint, input)}`));
      else resolve(Buffer.concat(parts));
    });
  });
}

function explained(complaint: string, input: string): string {
  const line = complaint.trim().split('\n').at(-1) ?? '';
  return line.replaceAll(`file:${input}`, 'clip').slice(0, 200) || 'it gave no reason';
}
