/**
 * The one form in which audio is stored and heard: 16 kHz, mono, int16 (paper section 4.1). Channels are averaged, resampled, rounded half
 * away from zero and clipped, in this order; a file that is 16 kHz mono int16 already passes bit by bit.
 */
import { ClipUnreadable } from './clip-unreadable';
import type { DecodedAudio } from './decoded-audio';
import { resample, tableEntries } from './resample';

export const sampleRate = 16_000;

/** The front end reflects 256 samples at either edge, which takes one more than that. */
export const minimumSamples = 257;

const LOWEST_RATE = 1000;
const HIGHEST_RATE = 384_000;
/** 64 MB of weights. Rates in use share hundreds with 16,000; one that shares nothing needs a row for each of 16,000 phases. */
const LARGEST_TABLE = 2 ** 23;

/** @throws ClipUnreadable `absurdRate` */
export function checkRate(rate: number): void {
  if (rate < LOWEST_RATE || rate > HIGHEST_RATE)
    throw new ClipUnreadable('absurdRate', `${rate} Hz, expected ${LOWEST_RATE} to ${HIGHEST_RATE} Hz`);
  if (tableEntries(rate, sampleRate) > LARGEST_TABLE)
    throw new ClipUnreadable('absurdRate', `${rate} Hz has too little in common with ${sampleRate} Hz`);
}

/** @throws ClipUnreadable `empty`, `absurdRate`, `tooShort` or `notFinite` */
export function toMono16k(audio: DecodedAudio): Int16Array {
  const samples = audio.channels[0]?.length ?? 0;
  if (samples === 0) throw new ClipUnreadable('empty', 'no samples');
  checkRate(audio.sampleRate);
  const mono = resample(meanOfChannels(audio.channels), audio.sampleRate, sampleRate);
  requireLength(mono.length);
  return quantise(mono, 0);
}

/** @throws ClipUnreadable `empty` or `tooShort` */
export function requireLength(samples: number): void {
  if (samples === 0) throw new ClipUnreadable('empty', 'no samples');
  if (samples < minimumSamples) throw new ClipUnreadable('tooShort', `${samples} samples at 16 kHz; the front end needs ${minimumSamples}`);
}

/**
 * @param from of the clip, for the message
 * @throws ClipUnreadable `notFinite`
 */
export function quantise(mono: Float32Array, from: number): Int16Array {
  const quantised = new Int16Array(mono.length);
  for (let index = 0; index < mono.length; index++) {
    const scaled = mono[index]! * 0x8000;
    if (!Number.isFinite(scaled)) throw new ClipUnreadable('notFinite', `sample ${from + index} at 16 kHz is not a finite number`);
    const rounded = Math.sign(scaled) * Math.round(Math.abs(scaled));
    quantised[index] = Math.max(-0x8000, Math.min(0x7fff, rounded));
  }
  return quantised;
}

export function meanOfChannels(channels: readonly Float32Array[]): Float32Array {
  const [first, ...others] = channels;
  if (others.length === 0) return first!;
  return first!.map((sample, index) => others.reduce((sum, channel) => sum + channel[index]!, sample) / channels.length);
}
