/** From several channels to one: their mean, or one of them. */
import type { AudioBlock } from './audio-block';

export const CHANNEL_CHOICES = ['mix', 'first', 'loudest'] as const;
/** `loudest`: of the greatest energy over the whole file. */
export type ChannelChoice = (typeof CHANNEL_CHOICES)[number];

/**
 * Energy of the mean below that of channels which have nothing in common: 40 dB. Recordings do not
 * come near it; one channel with its sign changed does, even where a lossy codec left a rest.
 */
const CANCELLED = 1e-4;

/** The number of a block's channels, however it holds them. */
export function channelCount(block: AudioBlock): number {
  return block.channelCount ?? block.channels.length;
}

/** The number of samples of each of a block's channels. */
export function sampleCount(block: AudioBlock): number {
  return block.sampleCount ?? block.channels[0]?.length ?? 0;
}

/** @returns float32 [samples]; the last channel of a block that has too few */
function channelOf({ channels }: AudioBlock, index: number): Float32Array {
  return channels[Math.min(index, channels.length - 1)] ?? new Float32Array(0);
}

/** @returns float32 [samples] */
export function meanOfChannels(channels: readonly Float32Array[]): Float32Array {
  const [first, second] = channels;
  if (!first || !second) return first ?? new Float32Array(0);
  const mean = new Float32Array(first.length);
  if (channels.length === 2)
    for (let index = 0; index < mean.length; index++)
      mean[index] = (first[index]! + second[index]!) / 2;
  else
    for (let index = 0; index < mean.length; index++)
      mean[index] = sumAt(channels, index) / channels.length;
  return mean;
}

function sumAt(channels: readonly Float32Array[], index: number): number {
  return channels.reduce((sum, channel) => sum + channel[index]!, 0);
}

/**
 * One channel of a block, or the mean of all.
 * @param channel its number, from 0; null = the mean
 * @returns [samples]; int16 where the file holds just that
 */
export function monoOf(block: AudioBlock, channel: number | null): Float32Array | Int16Array {
  if (channel !== null && block.channelCount !== 1) return channelOf(block, channel);
  return block.mono ?? meanOfChannels(block.channels);
}

/** Energies of a file's channels and of their mean. */
export class ChannelLevels {
  private readonly energies: number[] = [];
  private mixed = 0;
  /** Of the mean, if the channels had nothing in common. */
  private unrelated = 0;

  add({ channels }: AudioBlock): void {
    for (const [index, channel] of channels.entries()) {
      const energy = energyOf(channel);
      this.energies[index] = (this.energies[index] ?? 0) + energy;
      if (channels.length > 1) this.unrelated += energy / channels.length ** 2;
    }
    if (channels.length > 1) this.mixed += energyOf(meanOfChannels(channels));
  }

  get count(): number {
    return this.energies.length;
  }

  /** The first of those with the greatest energy. */
  get loudest(): number {
    return this.energies.reduce(
      (best, energy, at) => (energy > this.energies[best]! ? at : best),
      0,
    );
  }

  /** The channels are loud and their mean is next to nothing. */
  get cancel(): boolean {
    return this.mixed < CANCELLED * this.unrelated;
  }
}

/** Whether samples are so quiet that channels may have cancelled in them. */
export function mayHaveCancelled(pcm: Int16Array): boolean {
  let energy = 0;
  for (const sample of pcm) energy += sample * sample;
  // Two channels at full scale that have nothing in common give half of it.
  return energy < (CANCELLED / 2) * pcm.length * 0x8000 ** 2;
}

function energyOf(samples: Float32Array): number {
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  return energy;
}
