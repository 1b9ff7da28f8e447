/**
 * Lies in the fields of a binary file: one to three fields or parts of it are changed, and the
 * checksums around them are usually made again, so that only the content contradicts itself.
 */
import type { Draws } from '../draws';

export interface Field {
  name: string;
  at: number;
  bytes: number;
  /** @default false */
  bigEndian?: boolean;
  /** The field's lowest bit and its width, where it is a part of a number. @default all of it */
  shift?: number;
  bits?: number;
}

/** A chunk, page or frame, which may be lost, doubled or swapped with another. */
export interface Part {
  name: string;
  from: number;
  to: number;
}

export interface Layout {
  bytes: Buffer;
  fields: readonly Field[];
  parts: readonly Part[];
  /** Makes the checksums right again, in place. */
  writeChecksums?: (bytes: Buffer) => void;
}

export interface Lies {
  bytes: Buffer;
  /** The same with every part in its place. */
  inPlace: Buffer;
  /** Names of the fields whose values were changed. */
  fields: ReadonlySet<string>;
  /** Whether parts were lost, doubled, swapped or cut. */
  isRearranged: boolean;
  told: readonly string[];
}

export function withLies(layout: Layout, draws: Draws): Lies {
  let bytes: Buffer = Buffer.from(layout.bytes);
  const fields = new Set<string>();
  const told: string[] = [];
  const count = 1 + draws.below(3);
  const change = draws.below(4) === 0 ? rearrange : null;
  for (let lie = change ? 1 : 0; lie < count; lie++) {
    const field = draws.pick(layout.fields);
    const other = draws.below(6) === 0 ? draws.pick(layout.fields) : undefined;
    if (other && other !== field && widthOf(other) === widthOf(field)) {
      const [mine, its] = [valueAt(bytes, field), valueAt(bytes, other)];
      write(bytes, field, its);
      write(bytes, other, mine);
      fields.add(field.name).add(other.name);
      told.push(`${field.name} ↔ ${other.name}`);
    } else {
      const value = draws.pick(extremes(valueAt(bytes, field), widthOf(field)));
      told.push(`${field.name} ${valueAt(bytes, field)} → ${value}`);
      write(bytes, field, value);
      fields.add(field.name);
    }
  }
  if (layout.writeChecksums && draws.below(8) > 0) layout.writeChecksums(bytes);
  const inPlace = bytes;
  if (change) bytes = change(bytes, layout, draws, told);
  return { bytes, inPlace, fields, isRearranged: change !== null, told };
}

function rearrange(bytes: Buffer, { fields, parts }: Layout, draws: Draws, told: string[]): Buffer {
  const kind = parts.length === 0 ? 3 : draws.below(4);
  if (kind === 3) {
    const { name, at, bytes: width } = draws.pick(fields);
    told.push(`cut behind ${name}`);
    return bytes.subarray(0, at + width);
  }
  const { name, from, to } = draws.pick(parts);
  const [before, part, after] = [
    bytes.subarray(0, from),
    bytes.subarray(from, to),
    bytes.subarray(to),
  ];
  if (kind === 0) {
    told.push(`${name} is missing`);
    return Buffer.concat([before, after]);
  }
  if (kind === 1) {
    told.push(`${name} is there twice`);
    return Buffer.concat([before, part, part, after]);
  }
  const other = draws.pick(parts);
  const [first, second] = from <= other.from ? [{ name, from, to }, other] : [other, { from, to }];
  told.push(`${name} changes places with ${other.name}`);
  return Buffer.concat([
    bytes.subarray(0, first.from),
    bytes.subarray(second.from, second.to),
    bytes.subarray(first.to, Math.max(first.to, second.from)),
    first.from === second.from ? Buffer.alloc(0) : bytes.subarray(first.from, first.to),
    bytes.subarray(second.to),
  ]);
}

function widthOf({ bytes, bits }: Field): number {
  return bits ?? 8 * bytes;
}

/** Boundaries of a number of so many bits, and neighbours of what it was. */
function extremes(value: bigint, bits: number): bigint[] {
  const end = 1n << BigInt(bits);
  const half = end >> 1n;
  const candidates = [
    [0n, 1n, 2n, end - 1n, end - 2n, half - 1n, half, half + 1n],
    [value + 1n, value - 1n, value * 2n, value / 2n, value + 8n],
    // Of 32-bit, signed and floating-point readers.
    [1n << 16n, (1n << 31n) - 1n, 1n << 31n, 1n << 32n, (1n << 53n) - 1n, 1n << 53n],
    // NaN and infinity.
    [0x7fc00000n, 0x7f800000n, 0x7ff8000000000000n],
  ].flat();
  return candidates.filter((each) => each >= 0n && each < end && each !== value);
}

export function valueAt(bytes: Buffer, field: Field): bigint {
  const { bits, shift = 0 } = field;
  return (numberAt(bytes, field) >> BigInt(shift)) & ((1n << BigInt(bits ?? 8 * field.bytes)) - 1n);
}

function numberAt(bytes: Buffer, { at, bytes: width, bigEndian = false }: Field): bigint {
  let number = 0n;
  for (let index = 0; index < width; index++)
    number = (number << 8n) | BigInt(bytes[bigEndian ? at + index : at + width - 1 - index] ?? 0);
  return number;
}

export function write(bytes: Buffer, field: Field, value: bigint): void {
  const { at, bytes: width, bigEndian = false, shift = 0 } = field;
  const mask = ((1n << BigInt(widthOf(field))) - 1n) << BigInt(shift);
  let number = (numberAt(bytes, field) & ~mask) | ((value << BigInt(shift)) & mask);
  for (let index = 0; index < width; index++, number >>= 8n)
    bytes[bigEndian ? at + width - 1 - index : at + index] = Number(number & 0xffn);
}
