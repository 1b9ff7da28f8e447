/**
 * Bytes of an audio file in, samples out. The format is told by the first bytes, never by the name: names lie. WAV, FLAC, Ogg
 * Vorbis, Opus and MP3 are decoded here, on every platform to the same samples.
 */
import { ClipUnreadable } from './clip-unreadable';
import type { DecodedAudio } from './decoded-audio';
import { decodeFlac, isFlac } from './flac';
import { decodeMpegAudio, isMpegAudio } from './mp3';
import { decodeOgg, isOgg } from './ogg';
import { decodeWav, isWav } from './wav';

/**
 * @param nameHint only for the message of an error
 * @throws ClipUnreadable
 */
export async function decodeAudio(bytes: Uint8Array, nameHint: string): Promise<DecodedAudio> {
  // Some taggers put an ID3 header before a stream of any kind.
  const content = withoutId3(bytes);
  if (isWav(content)) return decodeWav(content);
  if (isFlac(content)) return decodeFlac(content);
  if (isOgg(content)) return decodeOgg(content);
  if (isMpegAudio(content)) return decodeMpegAudio(content);
  const first = Buffer.from(bytes.subarray(0, 4)).toString('hex');
  throw bytes.length === 0
    ? new ClipUnreadable('empty', `${nameHint} has no bytes`)
    : new ClipUnreadable('unknownFormat', `${nameHint} starts with ${first}: no WAV, FLAC, Ogg or MP3`);
}

function withoutId3(bytes: Uint8Array): Uint8Array {
  let content = bytes;
  while (content.length >= 10 && content[0] === 0x49 && content[1] === 0x44 && content[2] === 0x33) {
    // Seven bits a byte (ID3v2, section 3.1).
    const length = content.subarray(6, 10).reduce((sum, byte) => sum * 0x80 + (byte & 0x7f), 0);
    content = content.subarray(10 + length);
  }
  return content;
}
