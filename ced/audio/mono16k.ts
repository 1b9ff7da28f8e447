/**
 * The one form in which audio is stored and processed: 16 kHz, mono, int16 (paper section 4.1).
 * Channels are averaged (or one is taken), resampled, rounded half away from zero and clipped, in
 * this order; a file that is 16 kHz mono int16 already passes bit by bit. Memory holds the result
 * and a few blocks.
 */
import type { AudioBlock } from './audio-block';
import { channelOf, meanOfChannels } from './channels';
import { ClipUnreadable } from './clip-unreadable';
import { tableEntries } from './phase-table';
import { appendQuantised } from './quantise';
import { kaiser, Resampler } from './resample';
import { SampleMemory } from './sample-memory';

export const sampleRate = 16_000;

/** The front end reflects 256 samples at either edge, which takes one more than that. */
export const minimumSamples = 257;

const LOWEST_RATE = 1000;
const HIGHEST_RATE = 384_000;
/**
 * 32 MB of weights. Rates in use have a divisor of hundreds in common with 16,000; a rate without a
 * common divisor needs a row for each of 16,000 phases.
 */
const LARGEST_TABLE = 2 ** 23;

/** @throws ClipUnreadable `absurdRate` */
export function checkRate(rate: number): void {
  if (rate < LOWEST_RATE || rate > HIGHEST_RATE)
    throw new ClipUnreadable(
      'absurdRate',
      `${rate} Hz, expected ${LOWEST_RATE} to ${HIGHEST_RATE} Hz; resample it`,
    );
  if (tableEntries(rate, sampleRate, kaiser) > LARGEST_TABLE)
    throw new ClipUnreadable(
      'absurdRate',
      `${rate} Hz has too little in common with ${sampleRate} Hz; resample it`,
    );
}

/** @throws ClipUnreadable `tooLong` */
export function checkLength(seconds: number, longestSeconds: number): void {
  if (seconds > longestSeconds)
    throw new ClipUnreadable(
      'tooLong',
      `${Math.floor(seconds)} s, and clips of at most ${longestSeconds} s are read; cut it`,
    );
}

/**
 * @param longestSeconds a longer clip is refused, once that much was decoded
 * @param memory where the samples will lie, until it is used for another clip
 * @param channel number of the one to take, from 0; null = the mean of all
 * @throws ClipUnreadable `empty`, `absurdRate`, `tooShort`, `tooLong` or `notFinite`
 */
export async function toMono16k(
  blocks: AsyncIterable<AudioBlock>,
  longestSeconds = Infinity,
  memory = new SampleMemory(),
  channel: number | null = null,
): Promise<Int16Array> {
  memory.clear();
  const mono = new Mono16k(longestSeconds, memory, channel);
  for await (const block of blocks) mono.add(block);
  return mono.end();
}

class Mono16k {
  private rate = 0;
  private resampler: Resampler | null = null;

  constructor(
    private readonly longestSeconds: number,
    private readonly memory: SampleMemory,
    private readonly channel: number | null,
  ) {}

  add(block: AudioBlock): void {
    if (block.sampleRate !== this.rate) this.changeRate(block.sampleRate);
    const mono =
      this.channel === null || block.channelCount === 1
        ? (block.mono ?? meanOfChannels(block.channels))
        : channelOf(block, this.channel);
    if (this.resampler)
      this.resampler.push(mono instanceof Int16Array ? floatsOf(mono) : mono, this.keep);
    else if (mono instanceof Int16Array) this.memory.append(mono);
    else this.keep(mono);
    checkLength(this.memory.length / sampleRate, this.longestSeconds);
  }

  /** Streams in a file one after the other each have a rate. */
  private changeRate(rate: number): void {
    checkRate(rate);
    this.resampler?.end(this.keep);
    this.resampler = rate === sampleRate ? null : new Resampler(rate, sampleRate);
    this.rate = rate;
  }

  /** @throws ClipUnreadable `empty` or `tooShort` */
  end(): Int16Array {
    this.resampler?.end(this.keep);
    const { length, samples } = this.memory;
    checkLength(length / sampleRate, this.longestSeconds);
    if (length === 0) throw new ClipUnreadable('empty', 'no samples');
    if (length < minimumSamples)
      throw new ClipUnreadable(
        'tooShort',
        `${length} samples at 16 kHz; the front end needs ${minimumSamples}`,
      );
    return samples;
  }

  private readonly keep = (mono: Float32Array): void => appendQuantised(mono, this.memory);
}

function floatsOf(pcm: Int16Array): Float32Array {
  const floats = new Float32Array(pcm.length);
  for (let index = 0; index < pcm.length; index++) floats[index] = pcm[index]! / 0x8000;
  return floats;
}
