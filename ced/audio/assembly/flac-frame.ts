/**
 * One FLAC frame to integer samples (RFC 9639, section 9), in AssemblyScript: compiled to WebAssembly, because this is where ingest spends its time, and
 * because no damaged file can reach beyond its own memory there. `npm run kernels` compiles it; a test holds the compiled bytes to this text.
 *
 * The caller writes bytes at INPUT, calls `receive`, then `decodeFrame` for one frame after the other; each leaves its samples at SAMPLES, a row of
 * ROW_BYTES a channel, until the next.
 */
export const INPUT: usize = 0x2000;
/** Above the largest frame of 8 channels of 24 bits. */
export const INPUT_BYTES: i32 = 0x200000;
export const SAMPLES: usize = 0x204000;
export const ROW_BYTES: usize = 0x40000;
/** float32 rows of `toFloats` and `toMean`. */
export const RESULT: usize = 0x408000;

const COEFFICIENTS: usize = 0x800;
/** Eight rows of 256 sums: of a byte with 0 to 7 zero bytes behind it. */
const CRC_TABLE: usize = 0x1000;
const CRC_ROW_BYTES: usize = 0x200;

export let blockSize: i32 = 0;

let bitsASample: i32 = 0;
let channels: i32 = 0;

// The next bits of the stream, left-aligned; zeros below the `held` ones that count. `next` is the address of the word after them.
let held: i32 = 0;
let bits: u64 = 0;
let next: usize = 0;
let end: usize = 0;

/** @param length bytes at INPUT; they are turned into big-endian words, so that the bit reader needs no turning of its own */
export function receive(length: i32): void {
  memory.fill(INPUT + length, 0, 64);
  for (let at: usize = INPUT; at < INPUT + length; at += 16)
    v128.store(at, i8x16.shuffle(v128.load(at), v128.load(at), 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

/** What every frame of the stream must have. */
export function expectFormat(channelCount: i32, sampleBits: i32): void {
  channels = channelCount;
  bitsASample = sampleBits;
}

/**
 * @param from byte of the frame's start @param to byte after the last that has come
 * @returns bytes of the frame; 0 = it goes on behind `to`; −1 = it is damaged
 */
export function decodeFrame(from: i32, to: i32): i32 {
  end = INPUT + ((to + 3) & ~3);
  startAt(from);
  const good = frame(from);
  const used = bytesRead();
  if (used + 2 > to) return 0;
  if (!good) return -1;
  if (crc16(from, used) != takeBits(16)) return -1;
  return used + 2 - from;
}

function frame(from: i32): bool {
  // Sync code, one reserved bit, whether block sizes vary.
  if (takeBits(15) != 0x7ffc) return false;
  takeBits(1);
  const sizeCode = takeBits(4);
  const rateCode = takeBits(4);
  const assignment = takeBits(4);
  const bitsCode = takeBits(3);
  if (takeBits(1) != 0 || sizeCode == 0 || rateCode == 15) return false;
  // The frame's or sample's number, coded like UTF-8.
  const first = takeBits(8);
  for (let following = i32(clz<u32>(~(first << 24))); following > 1; following--) if (takeBits(8) >> 6 != 2) return false;
  blockSize = sizeCode == 1 ? 192 : sizeCode < 6 ? 576 << (sizeCode - 2) : sizeCode == 6 ? takeBits(8) + 1 : sizeCode == 7 ? takeBits(16) + 1 : 256 << (sizeCode - 8); // prettier-ignore
  if (rateCode == 12) takeBits(8);
  else if (rateCode > 12) takeBits(16);
  const headerEnd = bytesRead();
  if (crc8(from, headerEnd) != takeBits(8)) return false;
  if (blockSize > 65535 || (assignment > 7 ? 2 : assignment + 1) != channels) return false;
  if (bitsCode != 0 && bitsOf(bitsCode) != bitsASample) return false;
  for (let channel = 0; channel < channels; channel++) {
    const isSide = (assignment == 8 && channel == 1) || (assignment == 9 && channel == 0) || (assignment == 10 && channel == 1);
    if (!subframe(bitsASample + i32(isSide), rowOf(SAMPLES, channel))) return false;
  }
  if (assignment > 7) decorrelate(assignment);
  takeBits(held & 7);
  return true;
}

function rowOf(rows: usize, channel: i32): usize {
  return rows + <usize>channel * ROW_BYTES;
}

function bitsOf(code: i32): i32 {
  return code == 1 ? 8 : code == 2 ? 12 : code == 4 ? 16 : code == 5 ? 20 : code == 6 ? 24 : 0;
}

// ---- Bits

function startAt(byte: i32): void {
  next = INPUT + (byte & ~3);
  bits = 0;
  held = 0;
  takeBits((byte & 3) * 8);
}

/** Bytes up to the current position, a begun one included. */
function bytesRead(): i32 {
  return (i32(next - INPUT) * 8 - held + 7) >> 3;
}

function takeBits(count: i32): i32 {
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
function takeSigned(count: i32): i32 {
  return (takeBits(count) << (32 - count)) >> (32 - count);
}

/** Zeros before the next one; −1 when there is none before the end. */
function takeUnary(): i32 {
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

// ---- Subframes

function subframe(sampleBits: i32, row: usize): bool {
  if (takeBits(1) != 0) return false;
  const type = takeBits(6);
  let wasted = 0;
  if (takeBits(1) != 0) {
    wasted = takeUnary() + 1;
    if (wasted == 0 || wasted >= sampleBits) return false;
  }
  const width = sampleBits - wasted;
  if (type == 0) {
    const value = takeSigned(width);
    for (let sample = 0; sample < blockSize; sample++) store<i32>(row + (sample << 2), value);
  } else if (type == 1) takeWarmUp(row, blockSize, width);
  else if (type >= 8 && type <= 12) {
    if (!fixedPrediction(row, type - 8, width)) return false;
  } else if (type < 32 || !linearPrediction(row, type - 31, width)) return false;
  if (wasted > 0) for (let at = row; at < row + (blockSize << 2); at += 4) store<i32>(at, load<i32>(at) << wasted);
  return true;
}

function takeWarmUp(row: usize, count: i32, width: i32): void {
  for (let sample = 0; sample < count; sample++) store<i32>(row + (sample << 2), takeSigned(width));
}

function fixedPrediction(row: usize, order: i32, width: i32): bool {
  if (order > blockSize) return false;
  takeWarmUp(row, order, width);
  if (!takeResidual(row, order)) return false;
  for (let at = row + (order << 2), stop = row + (blockSize << 2); at < stop; at += 4) {
    let predicted = 0;
    if (order == 1) predicted = before(at, 1);
    else if (order == 2) predicted = 2 * before(at, 1) - before(at, 2);
    else if (order == 3) predicted = 3 * (before(at, 1) - before(at, 2)) + before(at, 3);
    else if (order == 4) predicted = 4 * (before(at, 1) + before(at, 3)) - 6 * before(at, 2) - before(at, 4);
    store<i32>(at, load<i32>(at) + predicted);
  }
  return true;
}

function before(at: usize, samples: usize): i32 {
  return load<i32>(at - (samples << 2));
}

function linearPrediction(row: usize, order: i32, width: i32): bool {
  if (order > blockSize) return false;
  takeWarmUp(row, order, width);
  const precision = takeBits(4) + 1;
  const shift = takeSigned(5);
  if (precision == 16 || shift < 0) return false;
  memory.fill(COEFFICIENTS, 0, 128);
  for (let index = 0; index < order; index++) store<i32>(COEFFICIENTS + (index << 2), takeSigned(precision));
  if (!takeResidual(row, order)) return false;
  // As libFLAC decides whether sums fit 32 bits.
  const fits = width + precision + (31 - i32(clz(order))) <= 32;
  if (fits && order <= 8) predictBy8(row, order, shift);
  else if (fits && order <= 12) predictBy12(row, order, shift);
  else predictWide(row, order, shift);
  return true;
}

function coefficient(index: usize): i32 {
  return load<i32>(COEFFICIENTS + (index << 2));
}

/** The sample `back` before number `order`; 0 before the first. */
function warmUp(row: usize, order: i32, back: i32): i32 {
  return back > order ? 0 : load<i32>(row + ((order - back) << 2));
}

/** The last samples stay in registers: in memory each would be waited for. */
function predictBy8(row: usize, order: i32, shift: i32): void {
  const c1 = coefficient(0), c2 = coefficient(1), c3 = coefficient(2), c4 = coefficient(3); // prettier-ignore
  const c5 = coefficient(4), c6 = coefficient(5), c7 = coefficient(6), c8 = coefficient(7); // prettier-ignore
  let x1 = warmUp(row, order, 1), x2 = warmUp(row, order, 2), x3 = warmUp(row, order, 3), x4 = warmUp(row, order, 4); // prettier-ignore
  let x5 = warmUp(row, order, 5), x6 = warmUp(row, order, 6), x7 = warmUp(row, order, 7), x8 = warmUp(row, order, 8); // prettier-ignore
  for (let at = row + (order << 2), stop = row + (blockSize << 2); at < stop; at += 4) {
    const older = c8 * x8 + c7 * x7 + (c6 * x6 + c5 * x5) + (c4 * x4 + c3 * x3) + c2 * x2;
    x8 = x7, x7 = x6, x6 = x5, x5 = x4, x4 = x3, x3 = x2, x2 = x1; // prettier-ignore
    x1 = load<i32>(at) + ((older + c1 * x1) >> shift);
    store<i32>(at, x1);
  }
}

function predictBy12(row: usize, order: i32, shift: i32): void {
  const c1 = coefficient(0), c2 = coefficient(1), c3 = coefficient(2), c4 = coefficient(3); // prettier-ignore
  const c5 = coefficient(4), c6 = coefficient(5), c7 = coefficient(6), c8 = coefficient(7); // prettier-ignore
  const c9 = coefficient(8), c10 = coefficient(9), c11 = coefficient(10), c12 = coefficient(11); // prettier-ignore
  let x1 = warmUp(row, order, 1), x2 = warmUp(row, order, 2), x3 = warmUp(row, order, 3), x4 = warmUp(row, order, 4); // prettier-ignore
  let x5 = warmUp(row, order, 5), x6 = warmUp(row, order, 6), x7 = warmUp(row, order, 7), x8 = warmUp(row, order, 8); // prettier-ignore
  let x9 = warmUp(row, order, 9), x10 = warmUp(row, order, 10), x11 = warmUp(row, order, 11), x12 = warmUp(row, order, 12); // prettier-ignore
  for (let at = row + (order << 2), stop = row + (blockSize << 2); at < stop; at += 4) {
    const oldest = c12 * x12 + c11 * x11 + (c10 * x10 + c9 * x9) + (c8 * x8 + c7 * x7);
    const older = oldest + (c6 * x6 + c5 * x5) + (c4 * x4 + c3 * x3) + c2 * x2;
    x12 = x11, x11 = x10, x10 = x9, x9 = x8, x8 = x7, x7 = x6, x6 = x5, x5 = x4, x4 = x3, x3 = x2, x2 = x1; // prettier-ignore
    x1 = load<i32>(at) + ((older + c1 * x1) >> shift);
    store<i32>(at, x1);
  }
}

function predictWide(row: usize, order: i32, shift: i32): void {
  for (let at = row + (order << 2), stop = row + (blockSize << 2); at < stop; at += 4) {
    let sum: i64 = 0;
    for (let back = 1; back <= order; back++) sum += i64(coefficient(back - 1)) * i64(before(at, back));
    store<i32>(at, load<i32>(at) + i32(sum >> shift));
  }
}

/** Residuals go where their samples will be. Section 9.2.7. */
function takeResidual(row: usize, order: i32): bool {
  const method = takeBits(2);
  const partitionOrder = takeBits(4);
  const partition = blockSize >> partitionOrder;
  if (method > 1 || partition << partitionOrder != blockSize || partition < order) return false;
  const parameterBits = 4 + method;
  const escape = (1 << parameterBits) - 1;
  for (let sample = order, stop = partition; stop <= blockSize; sample = stop, stop += partition) {
    const parameter = takeBits(parameterBits);
    if (parameter == escape) {
      const width = takeBits(5);
      for (let index = sample; index < stop; index++) store<i32>(row + (index << 2), width == 0 ? 0 : takeSigned(width));
    } else if (!takeRice(row + (sample << 2), row + (stop << 2), parameter)) return false;
    if (next > end + 16) return false;
  }
  return true;
}

function takeRice(at: usize, stop: usize, parameter: i32): bool {
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

/** Left and side, side and right, mid and side to left and right. Section 9.2.3 of the RFC. */
function decorrelate(assignment: i32): void {
  const first = SAMPLES;
  const second = SAMPLES + ROW_BYTES;
  for (let offset: usize = 0, bytes = usize(blockSize) << 2; offset < bytes; offset += 16) {
    const a = v128.load(first + offset);
    const b = v128.load(second + offset);
    if (assignment == 8) v128.store(second + offset, i32x4.sub(a, b));
    else if (assignment == 9) v128.store(first + offset, i32x4.add(a, b));
    else {
      const mid = v128.or(i32x4.shl(a, 1), v128.and(b, i32x4.splat(1)));
      v128.store(first + offset, i32x4.shr_s(i32x4.add(mid, b), 1));
      v128.store(second + offset, i32x4.shr_s(i32x4.sub(mid, b), 1));
    }
  }
}

// ---- What is made of a frame

/** Every channel as float32, sample i of b bits as i / 2^(b − 1), rows at RESULT. */
export function toFloats(): void {
  const scale = f32x4.splat(1 / f32(1 << (bitsASample - 1)));
  for (let channel = 0; channel < channels; channel++) {
    const row = rowOf(SAMPLES, channel);
    const result = rowOf(RESULT, channel);
    for (let offset: usize = 0, bytes = usize(blockSize) << 2; offset < bytes; offset += 16)
      v128.store(result + offset, f32x4.mul(f32x4.convert_i32x4_s(v128.load(row + offset)), scale));
  }
}

/** The mean of two channels as float32, at RESULT. The sum of two integers is exact, so it is rounded once. */
export function toMean(): void {
  const scale = f32x4.splat(0.5 / f32(1 << (bitsASample - 1)));
  for (let offset: usize = 0, bytes = usize(blockSize) << 2; offset < bytes; offset += 16) {
    const sum = i32x4.add(v128.load(SAMPLES + offset), v128.load(SAMPLES + ROW_BYTES + offset));
    v128.store(RESULT + offset, f32x4.mul(f32x4.convert_i32x4_s(sum), scale));
  }
}

// ---- Sums. Bytes lie turned within their words.

function byteAt(index: i32): u32 {
  return load<u8>(INPUT + (index ^ 3));
}

function crc8(from: i32, to: i32): i32 {
  let sum: u32 = 0;
  for (let index = from; index < to; index++) {
    sum ^= byteAt(index);
    for (let bit = 0; bit < 8; bit++) sum = sum & 0x80 ? ((sum << 1) ^ 0x07) & 0xff : sum << 1;
  }
  return sum;
}

function crc16(from: i32, to: i32): i32 {
  if (load<u16>(CRC_TABLE + 2) == 0) fillCrcTable();
  let sum: u32 = 0;
  let index = from;
  for (; index < to && (index & 7) != 0; index++) sum = crcOfByte(sum, index);
  // Eight bytes at once: a byte at a time, each look-up would wait for the one before.
  for (; index + 8 <= to; index += 8) {
    const first = load<u32>(INPUT + index) ^ (sum << 16);
    const second = load<u32>(INPUT + index + 4);
    sum = summed(7, first >> 24) ^ summed(6, (first >> 16) & 0xff) ^ summed(5, (first >> 8) & 0xff) ^ summed(4, first & 0xff);
    sum ^= summed(3, second >> 24) ^ summed(2, (second >> 16) & 0xff) ^ summed(1, (second >> 8) & 0xff) ^ summed(0, second & 0xff);
  }
  for (; index < to; index++) sum = crcOfByte(sum, index);
  return sum;
}

function crcOfByte(sum: u32, index: i32): u32 {
  return ((sum << 8) & 0xffff) ^ summed(0, (sum >> 8) ^ byteAt(index));
}

function summed(zeroBytes: u32, byte: u32): u32 {
  return load<u16>(CRC_TABLE + zeroBytes * CRC_ROW_BYTES + (byte << 1));
}

function fillCrcTable(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let sum = byte << 8;
    for (let zeroBytes: u32 = 0; zeroBytes < 8; zeroBytes++) {
      for (let bit = 0; bit < 8; bit++) sum = sum & 0x8000 ? ((sum << 1) ^ 0x8005) & 0xffff : sum << 1;
      store<u16>(CRC_TABLE + zeroBytes * CRC_ROW_BYTES + (byte << 1), <u16>sum);
    }
  }
}
