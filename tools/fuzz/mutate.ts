/**
 * Broken copies of good audio files. Each is a pure function of (format, seed, number), so that a
 * fault can be reproduced. Half of the Ogg mutants get correct page checksums; without them no
 * mutant would reach the decoder.
 */
import { streamKey } from '../../ced/augment/random';
import { Draws } from './draws';
import { withPageChecksums } from './ogg-checksums';

/** Edits by transfers, disks, recorders and attackers. `below(n)` draws from 0 to n − 1. */
const EDITS: ((
  bytes: Buffer,
  below: (bound: number) => number,
  others: readonly Buffer[],
) => Buffer)[] = [
  // Flipped bits, anywhere.
  (bytes, below) => {
    for (let count = 1 + below(16); count > 0; count--)
      xorByte(bytes, below(bytes.length), 1 << below(8));
    return bytes;
  },
  // Bytes of noise, in the header as often as elsewhere.
  (bytes, below) => {
    const within = below(2) === 0 ? Math.min(bytes.length, 64) : bytes.length;
    for (let count = 1 + below(8); count > 0; count--) bytes[below(within)] = below(256);
    return bytes;
  },
  // A number in the header at its extremes: lengths, rates, channels.
  (bytes, below) => {
    const extremes = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
    const value = extremes[below(extremes.length)] ?? 0;
    const at = below(Math.max(1, Math.min(bytes.length, 128) - 4));
    if (bytes.length >= at + 4) {
      if (below(2) === 0) bytes.writeUInt32LE(value, at);
      else bytes.writeUInt16BE(value & 0xffff, at);
    }
    return bytes;
  },
  // Cut short.
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  // Its beginning lost.
  (bytes, below) => bytes.subarray(below(bytes.length)),
  // A hole, a doubled part, something between.
  (bytes, below) => {
    const [from, to] = part(bytes, below);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, below) => {
    const [from, to] = part(bytes, below);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  (bytes, below) => {
    const at = below(bytes.length);
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.alloc(1 + below(5000), below(256)),
      bytes.subarray(at),
    ]);
  },
  // A part overwritten by one byte, or by noise.
  (bytes, below) => {
    const [from, to] = part(bytes, below);
    return bytes.fill(below(256), from, to);
  },
  (bytes, below) => {
    const [from, to] = part(bytes, below);
    for (let at = from; at < to; at++) bytes[at] = below(256);
    return bytes;
  },
  // The beginning of one file, the rest of another.
  (bytes, below, others) => {
    const other = others[below(others.length)] ?? bytes;
    return Buffer.concat([
      bytes.subarray(0, below(bytes.length)),
      other.subarray(below(other.length)),
    ]);
  },
];

/**
 * @param originals good files of the format
 * @param others good files of any format, to be spliced in
 */
export function mutant(
  format: string,
  seed: number,
  number: number,
  originals: readonly Buffer[],
  others: readonly Buffer[],
): Buffer {
  const draws = new Draws(streamKey(`fuzz ${format}`, seed), number);
  const below = (bound: number): number => draws.below(bound);
  let bytes: Buffer = Buffer.from(originals[below(originals.length)] ?? Buffer.alloc(0));
  for (let edits = 1 + below(3); edits > 0 && bytes.length > 0; edits--) {
    const edit = EDITS[below(EDITS.length)];
    if (edit) bytes = edit(Buffer.from(bytes), below, others);
  }
  return draws.uniform() < 0.5 ? withPageChecksums(bytes) : bytes;
}

function part(bytes: Buffer, below: (bound: number) => number): [number, number] {
  const from = below(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + below(2000))];
}

function xorByte(bytes: Buffer, at: number, mask: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ mask;
}
