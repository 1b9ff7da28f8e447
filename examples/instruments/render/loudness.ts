/**
 * Levels of a signal, from the loudest tenth of a second: a mean over the clip would treat plucked
 * and held notes differently.
 */

const WINDOW_SAMPLES = 1_600;

/** Root mean square of the loudest 100 ms (at 16 kHz), on windows that overlap by half. */
export function loudestRms(samples: Float32Array): number {
  const halves: number[] = [];
  for (let start = 0; start < samples.length; start += WINDOW_SAMPLES / 2)
    halves.push(energy(samples.subarray(start, start + WINDOW_SAMPLES / 2)));
  let loudest = 0;
  for (let i = 0; i + 1 < halves.length; i += 1)
    loudest = Math.max(loudest, halves[i]! + halves[i + 1]!);
  return Math.sqrt(loudest / WINDOW_SAMPLES);
}

export function peak(samples: Float32Array): number {
  let highest = 0;
  for (const sample of samples) highest = Math.max(highest, Math.abs(sample));
  return highest;
}

export function fromDecibels(decibels: number): number {
  return 10 ** (decibels / 20);
}

function energy(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum;
}
