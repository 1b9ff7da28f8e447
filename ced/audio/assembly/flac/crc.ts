/**
 * The check sums of a frame's header and of the whole frame. Bytes lie turned within their words
 * (`receive` in flac-frame.ts).
 */
import { CRC_ROW_BYTES, CRC_TABLE, INPUT } from './layout';

function byteAt(index: i32): u32 {
  return load<u8>(INPUT + (index ^ 3));
}

export function crc8(from: i32, to: i32): i32 {
  let sum: u32 = 0;
  for (let index = from; index < to; index++) {
    sum ^= byteAt(index);
    for (let bit = 0; bit < 8; bit++) sum = sum & 0x80 ? ((sum << 1) ^ 0x07) & 0xff : sum << 1;
  }
  return sum;
}

export function crc16(from: i32, to: i32): i32 {
  if (load<u16>(CRC_TABLE + 2) == 0) fillCrcTable();
  let sum: u32 = 0;
  let index = from;
  for (; index < to && (index & 7) != 0; index++) sum = crcOfByte(sum, index);
  // Eight bytes at once: a byte at a time, each look-up would wait for the one before.
  for (; index + 8 <= to; index += 8) {
    const first = load<u32>(INPUT + index) ^ (sum << 16);
    const second = load<u32>(INPUT + index + 4);
    sum =
      summed(7, first >> 24) ^
      summed(6, (first >> 16) & 0xff) ^
      summed(5, (first >> 8) & 0xff) ^
      summed(4, first & 0xff);
    sum ^=
      summed(3, second >> 24) ^
      summed(2, (second >> 16) & 0xff) ^
      summed(1, (second >> 8) & 0xff) ^
      summed(0, second & 0xff);
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
      for (let bit = 0; bit < 8; bit++)
        sum = sum & 0x8000 ? ((sum << 1) ^ 0x8005) & 0xffff : sum << 1;
      store<u16>(CRC_TABLE + zeroBytes * CRC_ROW_BYTES + (byte << 1), <u16>sum);
    }
  }
}
