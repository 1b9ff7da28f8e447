/** CRC32 as S3 states it: base64 of four bytes, big-endian. */
import { crc32 } from 'node:zlib';
import type { RunningChecksum } from '../buckets/bucket-object';

export class Crc32 implements RunningChecksum {
  private value = 0;

  update(part: Uint8Array): void {
    this.value = crc32(part, this.value);
  }

  toString(): string {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.value);
    return bytes.toString('base64');
  }
}

export function crc32Of(bytes: Uint8Array): string {
  const sum = new Crc32();
  sum.update(bytes);
  return sum.toString();
}
