/**
 * The one form in which audio is stored and heard: 16 kHz, mono, int16 (paper section 4.1). Channels are averaged, resampled, rounded half
 * away from zero and clipped, in this order; a file that is 16 kHz mono int16 already passes bit by bit.
 */
import { ClipUnreadable } from './clip-unreadable';
import type { DecodedAudio } from './decoded-audio';
import { resample } from './resample';

export const sampleRate = 16_000;

/** The front end reflects 256 samples at either edge, which takes one more than that. */
export const minimumSamples = 257;

/** @throws ClipUnreadable `empty`, `tooShort` or `notFinite` */
export function toMono16k(audio: DecodedAudio): Int16Array {
  const samples = audio.channels[0]?.length ?? 0;
  if (samples === 0) throw new ClipUnreadable('empty', 'no samples');
  const mono = resample(meanOfChannels(audio.channels), audio.sampleRate, sampleRate);
  if (mono.length < minimumSamples)
    throw new ClipUnreadable('tooShort', `${mono.length} samples at 16 kHz; the front end needs ${minimumSamples}`);
  const quantised = new Int16Array(mono.length);
  for (let index = 0; index < mono.length; index++) {
    const scaled = mono[index]! * 0x8000;
    if (!Number.isFinite(scaled)) throw new ClipUnreadable('notFinite', `sample ${index} at 16 kHz is not a finite number`);
    const rounded = Math.sign(scaled) * Math.round(Math.abs(scaled));
    quantised[index] = Math.max(-0x8000, Math.min(0x7fff, rounded));
  }
  return quantised;
}

function meanOfChannels(channels: readonly Float32Array[]): Float32Array {
  const [first, ...others] = channels;
  if (others.length === 0) return first!;
  return first!.map((sample, index) => others.reduce((sum, channel) => sum + channel[index]!, sample) / channels.length);
}
