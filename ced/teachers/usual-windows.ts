/**
 * Fixed lengths that tell another sample rate: a network for 3 s at 48 kHz takes 9 s at 16 kHz
 * without a complaint, and is given every sound three times too fast.
 */
import { sampleRate } from '../audio/mono16k';

/** Hz and seconds of the windows that published audio networks take. */
const USUAL: readonly (readonly [number, readonly number[]])[] = [
  [48_000, [1, 2, 3, 5, 7, 10]],
  [44_100, [1, 2, 3, 5, 10]],
  [32_000, [1, 2, 3, 5, 10]],
  [24_000, [1, 2, 3, 5, 10]],
  [22_050, [1, 2, 3, 5, 10]],
];
const USUAL_AT_16_KHZ = [1, 2, 3, 4, 5, 6, 8, 10];

/** Hz at which networks usually take so many samples, the highest first; none beside 16 kHz. */
export function otherUsualRates(samples: number): number[] {
  if (USUAL_AT_16_KHZ.includes(samples / sampleRate)) return [];
  return USUAL.flatMap(([rate, lengths]) => (lengths.includes(samples / rate) ? [rate] : []));
}

/**
 * @param samples that a network takes whose file states no rate
 * @returns a sentence, or null where the length is as usual at 16 kHz
 */
export function otherRateNote(samples: number): string | null {
  const others = otherUsualRates(samples).map((rate) => `${samples / rate} s at ${rate} Hz`);
  if (others.length === 0) return null;
  const seconds = Number((samples / sampleRate).toFixed(3));
  return (
    `it takes ${samples} samples, ${seconds} s at ${sampleRate} Hz, but ` +
    `${others.join(' or ')} is usual: declare sampleRate, or it may be given sounds too fast`
  );
}
