/**
 * MPEG audio, layers I to III, through mpg123 in WebAssembly; the encoder's delay and padding are cut off where its LAME tag states them. MPEG frames
 * carry no sum of their content: a flipped bit is heard, and only a stream that loses its frames is refused. ISO 11172-3, section 2.4.1.3.
 */
import { MPEGDecoder } from 'mpg123-decoder';
import type { DecodedAudio } from './decoded-audio';
import { decodeWith } from './wasm-decoder';

/** A frame header whose fields are all legal. AAC in ADTS starts alike, with a layer of 0. */
export function isMpegAudio(bytes: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = bytes;
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  return first === 0xff && second >> 5 === 7 && version !== 1 && layer !== 0 && third >> 4 !== 15 && ((third >> 2) & 3) !== 3;
}

/** @throws ClipUnreadable `damaged` */
export async function decodeMpegAudio(bytes: Uint8Array): Promise<DecodedAudio> {
  const { sampleRate, channels } = await decodeWith('the MP3 stream', new MPEGDecoder(), (decoder) => decoder.decode(bytes));
  // mpg123 doubles a single channel.
  const isMono = (bytes[3] ?? 0) >> 6 === 3;
  return { sampleRate, channels: isMono ? channels.slice(0, 1) : channels };
}
