/**
 * Second-order filters of Robert Bristow-Johnson's Audio EQ Cookbook,
 * https://www.w3.org/TR/audio-eq-cookbook/. All work in place, in double precision, on a signal at
 * 16 kHz.
 */

import { SAMPLE_RATE } from './clip-format';

type Coefficients = readonly [
  b0: number,
  b1: number,
  b2: number,
  a0: number,
  a1: number,
  a2: number,
];

const BUTTERWORTH_Q = Math.SQRT1_2;

export function lowPass(samples: Float32Array, hertz: number): void {
  const { cos, alpha } = angle(hertz, BUTTERWORTH_Q);
  filter(samples, [(1 - cos) / 2, 1 - cos, (1 - cos) / 2, 1 + alpha, -2 * cos, 1 - alpha]);
}

export function highPass(samples: Float32Array, hertz: number): void {
  const { cos, alpha } = angle(hertz, BUTTERWORTH_Q);
  filter(samples, [(1 + cos) / 2, -1 - cos, (1 + cos) / 2, 1 + alpha, -2 * cos, 1 - alpha]);
}

export function peaking(samples: Float32Array, hertz: number, q: number, decibels: number): void {
  const { cos, alpha } = angle(hertz, q);
  const a = 10 ** (decibels / 40);
  filter(samples, [1 + alpha * a, -2 * cos, 1 - alpha * a, 1 + alpha / a, -2 * cos, 1 - alpha / a]);
}

/** Raises frequencies above `hertz` by `decibels`. */
export function highShelf(samples: Float32Array, hertz: number, decibels: number): void {
  const { cos, alpha } = angle(hertz, BUTTERWORTH_Q);
  const a = 10 ** (decibels / 40);
  const beta = 2 * Math.sqrt(a) * alpha;
  filter(samples, [
    a * (a + 1 + (a - 1) * cos + beta),
    -2 * a * (a - 1 + (a + 1) * cos),
    a * (a + 1 + (a - 1) * cos - beta),
    a + 1 - (a - 1) * cos + beta,
    2 * (a - 1 - (a + 1) * cos),
    a + 1 - (a - 1) * cos - beta,
  ]);
}

function angle(hertz: number, q: number): { cos: number; alpha: number } {
  const omega = (2 * Math.PI * hertz) / SAMPLE_RATE;
  return { cos: Math.cos(omega), alpha: Math.sin(omega) / (2 * q) };
}

function filter(samples: Float32Array, [b0, b1, b2, a0, a1, a2]: Coefficients): void {
  let x1 = 0;
  let x2 = 0;
  let y1 = 0;
  let y2 = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const x = samples[i]!;
    const y = (b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2) / a0;
    samples[i] = y;
    [x2, x1, y2, y1] = [x1, x, y1, y];
  }
}
