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

/** Hz, the highest at which networks usually take so many samples; null = none but 16 kHz. */
export function otherUsualRate(samples: number): number | null {
  if (USUAL_AT_16_KHZ.includes(samples / sampleRate)) return null;
  return USUAL.find(([rate, lengths]) => lengths.includes(samples / rate))?.[0] ?? null;
}

/**
 * @param samples that a network takes whose file states no rate
 * @returns a sentence, or null where the length is as usual at 16 kHz
 */
export function otherRateNote(samples: number): string | null {
  const seconds = samples / sampleRate;
  if (USUAL_AT_16_KHZ.includes(seconds)) return null;
  const others = USUAL.flatMap(([rate, lengths]) =>
    lengths.includes(samples / rate) ? [`${samples / rate} s at ${rate} Hz`] : [],
  );
  if (others.length === 0) return null;
  return (
    `it takes ${samples} samples, ${Number(seconds.toFixed(3))} s at ${sampleRate} Hz, but ` +
    `${others.join(' or ')} is usual: declare sampleRate, or it may be given sounds too fast`
  );
}
