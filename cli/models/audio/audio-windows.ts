/** Windows over a recording while it is decoded, in memory that does not grow with it. */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { readBlocks, refuseCancelled } from '../../../activities/ingest/decode-clip';
import type { AudioBlock } from '../../../ced/audio/audio-block';
import { channelCount, ChannelLevels, type ChannelChoice } from '../../../ced/audio/channels';
import { ClipUnreadable } from '../../../ced/audio/clip-unreadable';
import { sampleRate } from '../../../ced/audio/mono16k';
import { monoStream } from '../../../ced/audio/mono-stream';
import { SlidingWindows, type AudioWindow } from '../../../ced/audio/sliding-windows';
import type { ModelConfig } from '../../../ced/model/config';
import { shortestClipSamples } from '../../../ced/model/pieces';
import { UsageError } from '../../../infra/command-line/usage-error';
import type { AudioInput } from './audio-input';

/** A day and a night of ffmpeg's work, if it must. */
const FFMPEG_LIMITS = { timeoutMs: 2 ** 31 - 1, maxBytes: Infinity };

export interface WindowReading {
  readonly windowSamples: number;
  readonly hopSamples: number;
  /** Samples of the shortest window that the model takes. */
  readonly shortest: number;
  readonly channels: ChannelChoice;
  /** Each window is used as soon as its last sample has come, not gathered for a batch. */
  readonly isLive: boolean;
  /** Windows of one length that are used together, at most. */
  readonly batch: number;
  /** Aborted: ends with the windows of what was read. */
  readonly signal: AbortSignal;
}

/** A window is held in memory. */
const LONGEST_WINDOW_SECONDS = 3600;

/** Windows leave nothing out, and follow each other. @throws {UsageError} */
export function refuseWindows(windowSeconds: number, hopSeconds: number): void {
  if (windowSeconds > LONGEST_WINDOW_SECONDS)
    throw new UsageError(
      `--window ${windowSeconds}: expected at most an hour, ${LONGEST_WINDOW_SECONDS} s`,
    );
  if (hopSeconds > windowSeconds)
    throw new UsageError(`--hop ${hopSeconds}: expected at most the window, ${windowSeconds} s`);
  if (Math.round(hopSeconds * sampleRate) < 1)
    throw new UsageError(`--hop ${hopSeconds}: expected at least a sample, ${1 / sampleRate} s`);
}

/** Seconds that one option asks the model to predict at once. @throws {UsageError} */
export function refuseTooShort(option: string, seconds: number, config: ModelConfig): void {
  const shortest = shortestClipSamples(config);
  if (Math.round(seconds * sampleRate) < shortest)
    throw new UsageError(
      `--${option} ${seconds}: the model needs at least ${shortest / sampleRate} s`,
    );
}

/**
 * @param use called with windows of one length, in order
 * @returns samples of the recording at 16 kHz
 * @throws {ClipUnreadable}, {RangeError} when it is too short, {UsageError}, and what `use` throws
 */
export async function readWindows(
  input: AudioInput,
  reading: WindowReading,
  use: (windows: readonly AudioWindow[]) => Promise<void>,
): Promise<number> {
  const channel = await chosenChannel(input, reading.channels);
  const windows = new SlidingWindows(reading.windowSamples, reading.hopSamples);
  const levels = channel === null ? new ChannelLevels() : null;
  const batch = new Batch(reading.isLive ? 1 : reading.batch, use);
  const { signal, isLive } = reading;
  await readBlocks(
    () => input.open(),
    input.name,
    { isLive, ...FFMPEG_LIMITS },
    async (blocks) => {
      // ffmpeg may be asked twice: the second answer goes on where the first one ended.
      let skip = windows.samples;
      try {
        for await (const pcm of monoStream(watched(blocks, input, levels), { channel, isLive })) {
          if (signal.aborted && input.isFile) break;
          const fresh = pcm.subarray(Math.min(skip, pcm.length));
          skip -= pcm.length - fresh.length;
          for (const window of windows.push(fresh)) await batch.add(window);
        }
      } catch (error) {
        // A recording that was cut by Ctrl-C may not end as its format demands.
        if (!(signal.aborted && error instanceof ClipUnreadable)) throw error;
      }
      return {};
    },
  );
  await end(windows, batch, reading);
  if (levels && levels.count > 1) refuseCancelled(levels);
  return windows.samples;
}

/**
 * @param windows of one length
 * @returns int16 [windows, samples], and the samples of a window
 */
export function joinedWindows(windows: readonly AudioWindow[]): {
  pcm: Int16Array;
  samples: number;
} {
  const samples = windows[0]?.pcm.length ?? 0;
  const pcm = new Int16Array(windows.length * samples);
  windows.forEach((window, row) => pcm.set(window.pcm, row * samples));
  return { pcm, samples };
}

async function chosenChannel(input: AudioInput, channels: ChannelChoice): Promise<number | null> {
  if (channels !== 'loudest') return channels === 'mix' ? null : 0;
  if (!input.isFile)
    throw new UsageError('--channels loudest needs the whole recording, expected a file, not -');
  const levels = new ChannelLevels();
  await readBlocks(
    () => input.open(),
    input.name,
    FFMPEG_LIMITS,
    async (blocks) => {
      for await (const block of blocks) levels.add(block);
      return levels;
    },
  );
  return levels.loudest;
}

async function* watched(
  blocks: AsyncIterable<AudioBlock>,
  input: AudioInput,
  levels: ChannelLevels | null,
): AsyncGenerator<AudioBlock> {
  for await (const block of blocks) {
    input.forget();
    if (levels && channelCount(block) > 1) levels.add(block);
    yield block;
  }
}

async function end(
  windows: SlidingWindows,
  batch: Batch,
  { shortest, signal }: WindowReading,
): Promise<void> {
  const last = windows.end();
  if (windows.samples === 0 && !signal.aborted) throw new ClipUnreadable('empty', 'no samples');
  const isTooShort = last !== null && last.pcm.length < shortest;
  if (last && !isTooShort) await batch.add(last);
  await batch.flush();
  if (isTooShort && !signal.aborted)
    throw new RangeError(
      `${windows.samples} samples at 16 kHz are too short: the model needs ${shortest}`,
    );
}

class Batch {
  private waiting: AudioWindow[] = [];

  constructor(
    private readonly most: number,
    private readonly use: (windows: readonly AudioWindow[]) => Promise<void>,
  ) {}

  async add(window: AudioWindow): Promise<void> {
    if (this.waiting[0] && this.waiting[0].pcm.length !== window.pcm.length) await this.flush();
    this.waiting.push(window);
    if (this.waiting.length >= this.most) await this.flush();
  }

  async flush(): Promise<void> {
    const { waiting } = this;
    this.waiting = [];
    if (waiting.length > 0) await this.use(waiting);
    // Prediction occupies the thread: signals are received in between.
    await yieldToEventLoop();
  }
}
