/**
 * Randomness as a pure function of its purpose: a counter-based generator has no state to save, so
 * a resumed, a moved and a repeated run draw the same numbers, and any single draw can be
 * recomputed alone. Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"
 * (SC 2011). The same numbers in ten lines of Python are in docs/formats.md.
 *
 * Golden numbers (the authors' known-answer test, ten rounds):
 *   key 00000000 00000000, counter 00000000 ×4
 *     → 6627e8d5 e169c58d bc57ac4c 9b00dbd8
 *   key ffffffff ffffffff, counter ffffffff ×4
 *     → 408f276d 41c83b0e a20bc7c6 6d5451fd
 *   key a4093822 299f31d0, counter 243f6a88 85a308d3 13198a2e 03707344
 *     → d16cfe09 94fdcceb 5001e420 24126ea1
 * and of the streams below:
 *   streamKey('permutation', 1)  → 17b27b90 c0d26c14
 *   permutation(1, 0, 8)         → 1 7 2 3 0 6 4 5
 */
import { createHash } from 'node:crypto';

export type PhiloxKey = readonly [number, number];
export type PhiloxCounter = readonly [number, number, number, number];
export type PhiloxWords = readonly [number, number, number, number];

const { imul } = Math;
const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;
const rounds = 10;

/** The upper 32 bits of the 64-bit product of two uint32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/**
 * Four uint32 for one 64-bit key and one 128-bit counter (words of both in the order of the paper).
 */
export function philox(key: PhiloxKey, counter: PhiloxCounter): PhiloxWords {
  let [key0, key1] = key;
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, c0 >>> 0);
    const high1 = multiplyHigh(multiplier1, c2 >>> 0);
    const low0 = imul(multiplier0, c0);
    const low1 = imul(multiplier1, c2);
    c0 = (high1 ^ c1 ^ key0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ key1) >>> 0;
    c3 = low0 >>> 0;
    key0 = (key0 + weyl0) >>> 0;
    key1 = (key1 + weyl1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Maps a uint32 to [0, 1): the word over 2^32, exact in a double. */
export function uniform(word: number): number {
  return word / 0x100000000;
}

/**
 * Maps a uint32 to 0 … count − 1: floor(uniform · count), in integers, for counts below 2^32. The
 * bias is below count / 2^32.
 */
export function below(word: number, count: number): number {
  return multiplyHigh(word, count);
}

/**
 * The key of an independent stream: the first eight bytes, as two little-endian uint32, of SHA-256
 * over `ced/<domain>/<part>/<part>…` in UTF-8. Integers are written in decimal. A domain names the
 * purpose, so that no two purposes share numbers under one seed.
 */
export function streamKey(domain: string, ...parts: readonly (string | number)[]): PhiloxKey {
  for (const part of parts) {
    if (typeof part === 'number' && !Number.isSafeInteger(part))
      throw new RangeError(`a stream is keyed by integers and strings, not by ${part}`);
  }
  const digest = createHash('sha256')
    .update(['ced', domain, ...parts].join('/'), 'utf8')
    .digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

/**
 * The order in which an epoch visits n items: Fisher–Yates from the last position down, position i
 * swapping with `below(word, i + 1)`; words are taken in sequence from counters (0, epoch, 0, 0),
 * (1, epoch, 0, 0), … of the key `permutation/<seed>`.
 */
export function permutation(seed: number, epoch: number, n: number): Uint32Array {
  const key = streamKey('permutation', seed);
  const order = Uint32Array.from({ length: n }, (_, index) => index);
  let words: PhiloxWords = [0, 0, 0, 0];
  for (let position = n - 1, drawn = 0; position > 0; position--, drawn++) {
    if (drawn % 4 === 0) words = philox(key, [drawn / 4, epoch, 0, 0]);
    const other = below(words[drawn % 4]!, position + 1);
    const held = order[position]!;
    order[position] = order[other]!;
    order[other] = held;
  }
  return order;
}
