import { sampleRate } from '../../../ced/audio/mono16k';
import { Fft } from '../../instruments/render/fft';

/**
 * Fingerprints of recordings after Haitsma and Kalker ("A Highly Robust Audio Fingerprinting
 * System", 2002): of every frame 32 bits, each whether the difference in energy between two
 * neighbouring bands grew since the frame before. Another level, another codec or a cut leave most
 * of them as they are.
 */

export interface Fingerprint {
  /** A word of 32 bits a frame. */
  readonly words: Uint32Array;
  /** Whether a frame is loud enough for its bits to mean something. */
  readonly isLoud: Uint8Array;
}

const WINDOW = 1024;
export const HOP = 128;
const BITS = 32;
const LOWEST_HZ = 150;
const HIGHEST_HZ = 6000;
/** Of the loudest frame's energy. */
const QUIET = 1e-4;
/** Below it bits come of rounding. */
const FLOOR = 1e-9;

const fft = new Fft(WINDOW);
const hann = Float64Array.from(
  { length: WINDOW },
  (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / WINDOW),
);
const edges = Array.from({ length: BITS + 2 }, (_, band) =>
  Math.round((LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** (band / (BITS + 1)) * WINDOW) / sampleRate),
);

/** @param samples at 16 kHz */
export function fingerprint(samples: Float32Array): Fingerprint {
  const frames = Math.max(0, Math.floor((samples.length - HOP) / HOP));
  const words = new Uint32Array(frames);
  const loudness = new Float64Array(frames);
  let before = bandEnergies(samples, 0);
  for (let frame = 0; frame < frames; frame += 1) {
    const now = bandEnergies(samples, (frame + 1) * HOP);
    let word = 0;
    for (let bit = 0; bit < BITS; bit += 1) {
      const grew = now[bit]! - now[bit + 1]! - (before[bit]! - before[bit + 1]!);
      if (grew > 0) word |= 1 << bit;
    }
    words[frame] = word;
    loudness[frame] = now.reduce((sum, energy) => sum + energy, 0);
    before = now;
  }
  const loudest = loudness.reduce((most, each) => Math.max(most, each), 0);
  const least = Math.max(QUIET * loudest, FLOOR);
  return { words, isLoud: Uint8Array.from(loudness, (each) => (each >= least ? 1 : 0)) };
}

/** Of 33 bands, around a sample. */
function bandEnergies(samples: Float32Array, centre: number): Float64Array {
  const re = new Float64Array(WINDOW);
  const im = new Float64Array(WINDOW);
  for (let at = 0; at < WINDOW; at += 1)
    re[at] = (samples[centre - WINDOW / 2 + at] ?? 0) * hann[at]!;
  fft.forward(re, im);
  const energies = new Float64Array(BITS + 1);
  for (let band = 0; band <= BITS; band += 1) {
    const [first, end] = [edges[band]!, Math.max(edges[band]! + 1, edges[band + 1]!)];
    let sum = 0;
    for (let bin = first; bin < end; bin += 1) sum += re[bin]! ** 2 + im[bin]! ** 2;
    energies[band] = sum / (end - first);
  }
  return energies;
}
