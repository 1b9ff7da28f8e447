/**
 * Audio at other sample rates than 16 kHz, for teachers that take them. Positions are counted at
 * 16 kHz and converted in whole numbers, so that a clip, its chunks and their shifts begin and end
 * at the same times at every rate.
 */
import type { Chunk } from './chunks';
import { sampleRate } from './mono16k';

/**
 * The position, or number, of samples at `rate` Hz: `position16k` · rate / 16000, a half rounded
 * up. Exact for clips of weeks.
 */
export function positionAtRate(position16k: number, rate: number): number {
  if (rate === sampleRate) return position16k;
  const doubled = 2 * position16k * rate + sampleRate;
  return (doubled - (doubled % (2 * sampleRate))) / (2 * sampleRate);
}

/**
 * Chunks that join at 16 kHz join at every rate, so lengths of equal chunks may differ by one.
 * @returns samples at `rate` from the start of the clip
 */
export function chunkAtRate({ start, length }: Chunk, rate: number): Chunk {
  const from = positionAtRate(start, rate);
  return { start: from, length: positionAtRate(start + length, rate) - from };
}

/**
 * @param shift16k samples at 16 kHz, as drawn
 * @param length samples of the chunk at `rate`; a shift that is rounded up to all of them is none
 * @returns samples in [0, length)
 */
export function shiftAtRate(shift16k: number, rate: number, length: number): number {
  return length === 0 ? 0 : positionAtRate(shift16k, rate) % length;
}
