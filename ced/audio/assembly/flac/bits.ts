/**
 * The bits of the stream at INPUT, whose words `receive` (flac-frame.ts) has turned, one code after
 * the other.
 */
import { INPUT } from './layout';

// The next bits of the stream, left-aligned; zeros below the `held` ones that count. `next` is the
// address of the word after them.
let held: i32 = 0;
let bits: u64 = 0;
let next: usize = 0;
let end: usize = 0;

/** @param to byte after the last that has come */
export function startAt(byte: i32, to: i32): void {
  end = INPUT + ((to + 3) & ~3);
  next = INPUT + (byte & ~3);
  bits = 0;
  held = 0;
  takeBits((byte & 3) * 8);
}

/** Bytes up to the current position, a begun one included. */
export function bytesRead(): i32 {
  return (i32(next - INPUT) * 8 - held + 7) >> 3;
}

export function takeBits(count: i32): i32 {
  if (held <= 32) {
    bits |= (<u64>load<u32>(next)) << (32 - held);
    next += 4;
    held += 32;
  }
  const taken = <u32>((bits >> 1) >> (63 - count));
  bits <<= count;
  held -= count;
  return taken;
}

/** @param count 1 to 32 */
export function takeSigned(count: i32): i32 {
  return (takeBits(count) << (32 - count)) >> (32 - count);
}

/** Zeros before the next one; −1 when there is none before the end. */
export function takeUnary(): i32 {
  let zeros = 0;
  while (i32(clz(bits)) >= held) {
    zeros += held;
    if (next > end) return -1;
    bits = (<u64>load<u32>(next)) << 32;
    next += 4;
    held = 32;
  }
  const run = i32(clz(bits));
  bits = (bits << run) << 1;
  held -= run + 1;
  return zeros + run;
}

/** Bits that are not there read as zeros: whether many have been read. */
export function isBeyondEnd(): bool {
  return next > end + 16;
}

export function dropToByte(): void {
  takeBits(held & 7);
}

/**
 * Rice codes with one parameter, as int32 from `at` to before `stop`. @returns whether they end
 * before the stream does
 */
export function takeRice(at: usize, stop: usize, parameter: i32): bool {
  // Locals live in registers, globals in memory.
  let word = bits;
  let count = held;
  let address = next;
  for (; at < stop; at += 4) {
    if (count <= 32) {
      word |= (<u64>load<u32>(address)) << (32 - count);
      address += 4;
      count += 32;
    }
    const zeros = i32(clz(word));
    const length = zeros + 1 + parameter;
    let value: u32;
    if (length <= count) {
      const rest = (word << zeros) << 1;
      value = (zeros << parameter) | (<u32>((rest >> 1) >> (63 - parameter)));
      word = rest << parameter;
      count -= length;
    } else {
      bits = word;
      held = count;
      next = address;
      const run = takeUnary();
      if (run < 0) return false;
      value = (run << parameter) | takeBits(parameter);
      word = bits;
      count = held;
      address = next;
    }
    store<i32>(at, i32(value >> 1) ^ -i32(value & 1));
  }
  bits = word;
  held = count;
  next = address;
  return true;
}
