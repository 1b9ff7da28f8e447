/**
 * The one form in which audio is stored and processed: 16 kHz, mono, int16 (paper section 4.1).
 * Channels are averaged (or one is taken), resampled, rounded half away from zero and clipped, in
 * this order; a file that is 16 kHz mono int16 already passes bit by bit. Memory holds the result
 * and a few blocks.
 */
import { ClipUnreadable } from './clip-unreadable';
import { tableEntries } from './phase-table';
import { kaiser } from './resample';

export const sampleRate = 16_000;

/** The front end reflects 256 samples at either edge, which takes one more than that. */
export const minimumSamples = 257;

/** Hz of audio that is read. */
export const LOWEST_RATE = 1000;
export const HIGHEST_RATE = 384_000;
/**
 * 32 MB of weights. Rates in use have a divisor of hundreds in common with 16,000; a rate without a
 * common divisor needs a row for each of 16,000 phases.
 */
const LARGEST_TABLE = 2 ** 23;

/** @throws ClipUnreadable `absurdRate` */
export function checkRate(rate: number): void {
  if (rate < LOWEST_RATE || rate > HIGHEST_RATE)
    throw new ClipUnreadable(
      'absurdRate',
      `${rate} Hz, expected ${LOWEST_RATE} to ${HIGHEST_RATE} Hz; resample it`,
    );
  if (tableEntries(rate, sampleRate, kaiser) > LARGEST_TABLE)
    throw new ClipUnreadable(
      'absurdRate',
      `${rate} Hz has too little in common with ${sampleRate} Hz; resample it`,
    );
}

/** @throws ClipUnreadable `tooLong` */
export function checkLength(seconds: number, longestSeconds: number): void {
  if (seconds > longestSeconds)
    throw new ClipUnreadable(
      'tooLong',
      `${Math.floor(seconds)} s, and clips of at most ${longestSeconds} s are read; cut it`,
    );
}
