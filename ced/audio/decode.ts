/**
 * Bytes of an audio file in, samples out. The format is told by the first bytes, never by the name: names lie. WAV and FLAC are decoded
 * here, on every platform to the same samples.
 */
import { ClipUnreadable } from './clip-unreadable';
import type { DecodedAudio } from './decoded-audio';
import { decodeFlac, isFlac } from './flac';
import { decodeWav, isWav } from './wav';

/**
 * @param nameHint only for the message of an error
 * @throws ClipUnreadable
 */
export async function decodeAudio(bytes: Uint8Array, nameHint: string): Promise<DecodedAudio> {
  // Some taggers put an ID3 header before a FLAC stream.
  const content = withoutId3(bytes);
  if (isWav(content)) return decodeWav(content);
  if (isFlac(content)) return decodeFlac(content);
  const first = Buffer.from(bytes.subarray(0, 4)).toString('hex');
  throw bytes.length === 0
    ? new ClipUnreadable('empty', `${nameHint} has no bytes`)
    : new ClipUnreadable('unknownFormat', `${nameHint} starts with ${first}: neither WAV nor FLAC`);
}

function withoutId3(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 10 || bytes[0] !== 0x49 || bytes[1] !== 0x44 || bytes[2] !== 0x33) return bytes;
  // Seven bits a byte (ID3v2, section 3.1).
  const length = bytes.subarray(6, 10).reduce((sum, byte) => sum * 0x80 + (byte & 0x7f), 0);
  return bytes.subarray(10 + length);
}
