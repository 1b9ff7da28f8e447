/**
 * Halves the sample rate behind a linear-phase half-band low-pass (Blackman-windowed sinc, of which
 * every second tap is zero). From 32 kHz it is flat to 7.3 kHz, −6 dB at 8 kHz and below −70 dB
 * from 8.7 kHz up.
 */

/**
 * Reach of the filter to either side, in input samples; odd, so that it ends on a tap that is not
 * zero.
 */
const REACH = 63;

/** Taps at distance 1, 3, 5 … from the middle one, which is 0.5. */
const taps = Float64Array.from({ length: (REACH + 1) / 2 }, (_, k) => {
  const distance = 2 * k + 1;
  const phase = Math.PI * (1 + distance / (REACH + 1));
  const window = 0.42 - 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase);
  return (window * Math.sin((Math.PI * distance) / 2)) / (Math.PI * distance);
});

/** @returns half as many samples; beyond its ends the signal is taken as silent */
export function halved(samples: Float32Array): Float32Array {
  const padded = new Float64Array(samples.length + 2 * REACH);
  padded.set(samples, REACH);
  const out = new Float32Array(Math.floor(samples.length / 2));
  for (let i = 0; i < out.length; i += 1) {
    const middle = 2 * i + REACH;
    let sum = 0.5 * padded[middle]!;
    for (let k = 0, distance = 1; k < taps.length; k += 1, distance += 2)
      sum += taps[k]! * (padded[middle - distance]! + padded[middle + distance]!);
    out[i] = sum;
  }
  return out;
}
