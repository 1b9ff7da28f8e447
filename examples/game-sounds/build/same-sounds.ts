import { HOP, type Fingerprint } from './fingerprint';
import { sampleRate } from '../../../ced/audio/mono16k';

/**
 * Which recordings are the same sound: one that holds the other, at another level, trimmed or
 * encoded again. Pure.
 */

/** Share of bits that differ: of different sounds here hardly ever under a third. */
const MOST_DIFFERENT = 0.3;
/** After the first frames of an alignment that is not one. */
const HOPELESS = 0.4;
const FIRST_FRAMES = 24;
/** Of the loud frames of the shorter recording, as many have to lie on the other. */
const LEAST_SHARE = 0.6;
const LEAST_FRAMES = Math.round((0.15 * sampleRate) / HOP);

/** @returns for each recording the number of the first that is the same sound, or its own */
export function sameSounds(recordings: readonly Fingerprint[]): number[] {
  const first = recordings.map((_, number) => number);
  const root = (number: number): number => {
    let at = number;
    while (first[at] !== at) at = first[at]!;
    return at;
  };
  for (let one = 0; one < recordings.length; one += 1)
    for (let other = one + 1; other < recordings.length; other += 1) {
      const [a, b] = [root(one), root(other)];
      if (a !== b && areSame(recordings[one]!, recordings[other]!))
        first[Math.max(a, b)] = Math.min(a, b);
    }
  return first.map((_, number) => root(number));
}

function areSame(one: Fingerprint, other: Fingerprint): boolean {
  return leastDifference(one, other) <= MOST_DIFFERENT;
}

/** Least share of different bits of any alignment; 1 where no alignment comes near. */
function leastDifference(one: Fingerprint, other: Fingerprint): number {
  const [short, long] = one.words.length <= other.words.length ? [one, other] : [other, one];
  const loud = short.isLoud.reduce((sum, each) => sum + each, 0);
  const enough = Math.max(LEAST_FRAMES, Math.ceil(LEAST_SHARE * loud));
  let least = 1;
  if (loud < enough) return least;
  for (let lag = enough - short.words.length; lag <= long.words.length - enough; lag += 1)
    least = Math.min(least, differenceAt(short, long, lag, enough));
  return least;
}

/** @param lag of the first frame of `short` in `long` */
function differenceAt(short: Fingerprint, long: Fingerprint, lag: number, enough: number): number {
  const end = Math.min(short.words.length, long.words.length - lag);
  let [frames, bits] = [0, 0];
  for (let at = Math.max(0, -lag); at < end; at += 1) {
    if (short.isLoud[at] === 0 || long.isLoud[at + lag] === 0) continue;
    frames += 1;
    bits += onesOf(short.words[at]! ^ long.words[at + lag]!);
    if (frames === FIRST_FRAMES && bits > 32 * HOPELESS * frames) return 1;
  }
  return frames < enough ? 1 : bits / (32 * frames);
}

/** Bits of a 32-bit word that are set. */
function onesOf(word: number): number {
  let left = word - ((word >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
