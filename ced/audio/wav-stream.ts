/**
 * A WAV file of any length as it arrives, to 16 kHz mono int16, a block at a time: memory holds the result and one block. The samples are those that
 * `decodeWav` and `toMono16k` give of the whole file.
 */
import { ClipUnreadable } from './clip-unreadable';
import { checkRate, quantise, meanOfChannels, requireLength, sampleRate } from './mono16k';
import { Resampler } from './resample';
import { findWavData, wavSamples, type WavData } from './wav';

/** Chunks before the samples hold titles and pictures; more than this is no header. */
const LONGEST_HEADER_BYTES = 2 ** 22;
const BLOCK_BYTES = 2 ** 20;

/**
 * @param longestSeconds a longer clip is refused, as soon as its header says so or else once that much was heard
 * @throws ClipUnreadable
 */
export async function decodeWavStream(parts: AsyncIterable<Uint8Array>, longestSeconds: number): Promise<Int16Array> {
  let pending: Uint8Array = new Uint8Array(0);
  let wav: WavBlocks | null = null;
  for await (const part of parts) {
    pending = pending.length === 0 ? part : Buffer.concat([pending, part]);
    if (pending.length < BLOCK_BYTES) continue;
    wav ??= open(pending, longestSeconds);
    if (wav) pending = wav.take(pending);
    else if (pending.length > LONGEST_HEADER_BYTES)
      throw new ClipUnreadable('damaged', 'the WAV file has no samples in its first megabytes');
  }
  wav ??= new WavBlocks(findWavData(pending), longestSeconds);
  wav.take(pending);
  return wav.end();
}

function open(bytes: Uint8Array, longestSeconds: number): WavBlocks | null {
  try {
    return new WavBlocks(findWavData(bytes), longestSeconds);
  } catch (error) {
    // Its samples may start in what has not arrived yet.
    if (error instanceof ClipUnreadable && error.reason === 'damaged' && bytes.length <= LONGEST_HEADER_BYTES) return null;
    throw error;
  }
}

class WavBlocks {
  private readonly blocks: Int16Array[] = [];
  private readonly resampler: Resampler;
  private samples = 0;
  /** Bytes of the file that are still to be skipped, and of samples that are still to come. */
  private skip: number;
  private left: number;

  constructor(
    private readonly data: WavData,
    private readonly longestSeconds: number,
  ) {
    const { format, start, statedBytes } = data;
    checkRate(format.sampleRate);
    this.resampler = new Resampler(format.sampleRate, sampleRate);
    this.skip = start;
    this.left = statedBytes === 0 || statedBytes === 0xffffffff ? Infinity : statedBytes;
    if (this.left !== Infinity) this.check(this.left / format.blockBytes / format.sampleRate);
  }

  /** @returns the bytes of a frame that is not whole yet */
  take(bytes: Uint8Array): Uint8Array {
    const skipped = Math.min(this.skip, bytes.length);
    this.skip -= skipped;
    const { blockBytes } = this.data.format;
    const content = bytes.subarray(skipped);
    const whole = Math.min(content.length, this.left);
    const usable = whole - (whole % blockBytes);
    this.left -= usable;
    if (usable > 0) this.add(this.resampler.push(meanOfChannels(wavSamples(content.subarray(0, usable), this.data.format))));
    // What follows the samples is nobody's frame.
    if (this.left < blockBytes) this.left = 0;
    return this.left === 0 ? new Uint8Array(0) : content.slice(usable);
  }

  end(): Int16Array {
    this.add(this.resampler.end());
    requireLength(this.samples);
    const all = new Int16Array(this.samples);
    let at = 0;
    for (const block of this.blocks) {
      all.set(block, at);
      at += block.length;
    }
    return all;
  }

  private add(resampled: Float32Array): void {
    this.blocks.push(quantise(resampled, this.samples));
    this.samples += resampled.length;
    this.check(this.samples / sampleRate);
  }

  private check(seconds: number): void {
    if (seconds > this.longestSeconds) throw tooLong(seconds, this.longestSeconds);
  }
}

export function tooLong(seconds: number, longestSeconds: number): ClipUnreadable {
  return new ClipUnreadable('tooLong', `${Math.floor(seconds)} s, and clips of at most ${longestSeconds} s are read; cut it`);
}
