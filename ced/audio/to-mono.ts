/**
 * From the blocks of a decoder to the samples that are stored (mono16k.ts): at 16 kHz, and in the
 * same decode at the further rates that a run's teachers take. Memory holds the results and a few
 * blocks.
 */
import type { AudioBlock } from './audio-block';
import { monoOf } from './channels';
import { ClipUnreadable } from './clip-unreadable';
import { checkLength, checkRate, minimumSamples, sampleRate } from './mono16k';
import { MonoTrack } from './mono-track';
import { appendClipped, appendQuantised } from './quantise';
import { SampleMemory } from './sample-memory';
import { positionAtRate } from './sample-rates';

/** Of one clip; valid until their memory is used for another. */
export interface MonoSamples {
  /** int16 [samples] at 16 kHz. */
  pcm: Int16Array;
  /** At each further rate. */
  further: Int16Array[];
}

export interface MonoOptions {
  /** A longer clip is refused, once that much was decoded. @default Infinity */
  longestSeconds?: number;
  /** Where the samples will lie. @default memory of its own */
  memory?: SampleMemory;
  /** Number of the channel to take, from 0; null = the mean of all. @default null */
  channel?: number | null;
  /**
   * Rates from 1,000 to 192,000 Hz at which the clip is wanted too, and where its samples will lie.
   * At each it lasts as long as at 16 kHz: positionAtRate(samples, rate) samples, the last of which
   * are zeros where the source ended before, or left out where it ended later.
   */
  further?: readonly { rate: number; memory: SampleMemory }[];
}

/**
 * The samples at 16 kHz decide whether a clip is used, as if no further rate was wanted.
 * @throws ClipUnreadable `empty`, `absurdRate`, `tooShort`, `tooLong` or `notFinite`
 */
export async function toMono(
  blocks: AsyncIterable<AudioBlock>,
  options: MonoOptions = {},
): Promise<MonoSamples> {
  const mono = new Mono(options);
  for await (const block of blocks) mono.add(block);
  return mono.end();
}

class Mono {
  private rate = 0;
  private readonly longestSeconds: number;
  private readonly channel: number | null;
  private readonly usual: MonoTrack;
  private readonly further: readonly MonoTrack[];

  constructor({ longestSeconds = Infinity, memory, channel = null, further = [] }: MonoOptions) {
    [this.longestSeconds, this.channel] = [longestSeconds, channel];
    this.usual = new MonoTrack(sampleRate, memory ?? new SampleMemory(), appendQuantised);
    this.further = further.map((one) => new MonoTrack(one.rate, one.memory, appendClipped));
  }

  add(block: AudioBlock): void {
    if (block.sampleRate !== this.rate) this.changeRate(block.sampleRate);
    const mono = monoOf(block, this.channel);
    this.usual.add(mono);
    for (const track of this.further) track.add(mono);
    checkLength(this.usual.memory.length / sampleRate, this.longestSeconds);
  }

  /** Streams in a file one after the other each have a rate. */
  private changeRate(rate: number): void {
    checkRate(rate);
    this.endStream();
    for (const track of [this.usual, ...this.further]) track.begin(rate);
    this.rate = rate;
  }

  private endStream(): void {
    this.usual.end();
    for (const track of this.further) {
      track.end();
      track.memory.fit(positionAtRate(this.usual.memory.length, track.rate));
    }
  }

  /** @throws ClipUnreadable `empty` or `tooShort` */
  end(): MonoSamples {
    this.endStream();
    const { length, samples } = this.usual.memory;
    checkLength(length / sampleRate, this.longestSeconds);
    if (length === 0) throw new ClipUnreadable('empty', 'no samples');
    if (length < minimumSamples)
      throw new ClipUnreadable(
        'tooShort',
        `${length} samples at 16 kHz; the front end needs ${minimumSamples}`,
      );
    return { pcm: samples, further: this.further.map(({ memory }) => memory.samples) };
  }
}

/** As `toMono`, at 16 kHz alone. */
export async function toMono16k(
  blocks: AsyncIterable<AudioBlock>,
  longestSeconds = Infinity,
  memory = new SampleMemory(),
  channel: number | null = null,
): Promise<Int16Array> {
  return (await toMono(blocks, { longestSeconds, memory, channel })).pcm;
}
