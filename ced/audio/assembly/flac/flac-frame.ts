/**
 * One FLAC frame to integer samples (RFC 9639, section 9), in AssemblyScript: compiled to
 * WebAssembly, because this is where ingest spends its time, and because no damaged file can reach
 * beyond its own memory there. `npm run kernels` compiles it; a test holds the compiled bytes to
 * this text.
 *
 * The caller writes bytes at INPUT, calls `receive`, then `decodeFrame` for one frame after the
 * other; each leaves its samples at SAMPLES, a row of ROW_BYTES a channel, until the next.
 */
import { bytesRead, dropToByte, startAt, takeBits } from './bits';
import { crc16, crc8 } from './crc';
import { INPUT, RESULT, ROW_BYTES, rowOf, SAMPLES } from './layout';
import { subframe } from './subframe';

export { INPUT, INPUT_BYTES, RESULT, ROW_BYTES, SAMPLES } from './layout';

export let blockSize: i32 = 0;

/** The last frame has what this decoder does not read: the difference of 32-bit channels. */
let hasWideSide: bool = false;
let bitsASample: i32 = 0;
let channels: i32 = 0;

/**
 * @param length bytes at INPUT; they are turned into big-endian words, so that the bit reader
 *   needs no turning of its own
 */
export function receive(length: i32): void {
  memory.fill(INPUT + length, 0, 64);
  for (let at: usize = INPUT; at < INPUT + length; at += 16)
    v128.store(
      at,
      i8x16.shuffle(
        v128.load(at),
        v128.load(at),
        3,
        2,
        1,
        0,
        7,
        6,
        5,
        4,
        11,
        10,
        9,
        8,
        15,
        14,
        13,
        12,
      ),
    );
}

/** What every frame of the stream must have. */
export function expectFormat(channelCount: i32, sampleBits: i32): void {
  channels = channelCount;
  bitsASample = sampleBits;
}

/**
 * @param from byte of the frame's start @param to byte after the last that has come
 * @returns bytes of the frame; 0 = it goes on behind `to`; −1 = it is damaged; −2 = it is not read
 */
export function decodeFrame(from: i32, to: i32): i32 {
  startAt(from, to);
  hasWideSide = false;
  const good = frame(from);
  const used = bytesRead();
  if (used + 2 > to) return 0;
  if (!good) return hasWideSide ? -2 : -1;
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
  for (let following = i32(clz<u32>(~(first << 24))); following > 1; following--)
    if (takeBits(8) >> 6 != 2) return false;
  if (sizeCode == 1) blockSize = 192;
  else if (sizeCode < 6) blockSize = 576 << (sizeCode - 2);
  else if (sizeCode == 6) blockSize = takeBits(8) + 1;
  else if (sizeCode == 7) blockSize = takeBits(16) + 1;
  else blockSize = 256 << (sizeCode - 8);
  if (rateCode == 12) takeBits(8);
  else if (rateCode > 12) takeBits(16);
  const headerEnd = bytesRead();
  if (crc8(from, headerEnd) != takeBits(8)) return false;
  if (blockSize > 65535 || (assignment > 7 ? 2 : assignment + 1) != channels) return false;
  if (bitsCode != 0 && bitsOf(bitsCode) != bitsASample) return false;
  // The difference has a bit more than a row holds.
  hasWideSide = assignment > 7 && bitsASample == 32;
  if (hasWideSide) return false;
  for (let channel = 0; channel < channels; channel++) {
    const isSide =
      (assignment == 8 && channel == 1) ||
      (assignment == 9 && channel == 0) ||
      (assignment == 10 && channel == 1);
    if (!subframe(bitsASample + i32(isSide), rowOf(SAMPLES, channel), blockSize)) return false;
  }
  if (assignment > 7) decorrelate(assignment);
  dropToByte();
  return true;
}

function bitsOf(code: i32): i32 {
  return code == 1
    ? 8
    : code == 2
      ? 12
      : code == 4
        ? 16
        : code == 5
          ? 20
          : code == 6
            ? 24
            : code == 7
              ? 32
              : 0;
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

/** Every channel as float32, sample i of b bits as i / 2^(b − 1), rows at RESULT. */
export function toFloats(): void {
  const scale = f32x4.splat(1 / f32(u32(1) << (bitsASample - 1)));
  for (let channel = 0; channel < channels; channel++) {
    const row = rowOf(SAMPLES, channel);
    const result = rowOf(RESULT, channel);
    for (let offset: usize = 0, bytes = usize(blockSize) << 2; offset < bytes; offset += 16)
      v128.store(result + offset, f32x4.mul(f32x4.convert_i32x4_s(v128.load(row + offset)), scale));
  }
}

/**
 * The mean of two channels as float32, at RESULT, of up to 31 bits. The sum of two integers is
 * exact, so it is rounded once.
 */
export function toMean(): void {
  const scale = f32x4.splat(0.5 / f32(1 << (bitsASample - 1)));
  for (let offset: usize = 0, bytes = usize(blockSize) << 2; offset < bytes; offset += 16) {
    const sum = i32x4.add(v128.load(SAMPLES + offset), v128.load(SAMPLES + ROW_BYTES + offset));
    v128.store(RESULT + offset, f32x4.mul(f32x4.convert_i32x4_s(sum), scale));
  }
}
