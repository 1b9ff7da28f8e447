/** Checksums of Ogg pages. */
import { pageCrc } from '../../ced/audio/ogg-pages';

/** Writes the checksum of its content into every Ogg page of the buffer, in place. */
export function withPageChecksums(bytes: Buffer): Buffer {
  for (
    let at = bytes.indexOf('OggS');
    at >= 0 && at + 27 <= bytes.length;
    at = bytes.indexOf('OggS', at + 4)
  ) {
    const segments = bytes.subarray(at + 27, at + 27 + (bytes[at + 26] ?? 0));
    const end = segments.reduce((sum, length) => sum + length, at + 27 + segments.length);
    if (end <= bytes.length) bytes.writeUInt32LE(pageCrc(bytes, at, end), at + 22);
  }
  return bytes;
}
