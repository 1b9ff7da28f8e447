/**
 * MPEG audio, layers I to III, through mpg123 in WebAssembly; the encoder's delay and padding are
 * cut off where its LAME tag states them. MPEG frames carry no sum of their content: a flipped bit
 * is heard, and only a stream that loses its frames is refused. ISO 11172-3, section 2.4.1.3.
 */
import { MPEGDecoder } from 'mpg123-decoder';
import type { AudioBlock } from './audio-block';
import { blocksOf } from './wasm-decoder';

/** The least of a stream is 8 kbit/s: half a minute. */
const PIECE_BYTES = 2 ** 15;

/** A frame header whose fields are all legal. AAC in ADTS starts alike, with a layer of 0. */
export function isMpegAudio(bytes: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = bytes;
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  return (
    first === 0xff &&
    second >> 5 === 7 &&
    version !== 1 &&
    layer !== 0 &&
    third >> 4 !== 15 &&
    ((third >> 2) & 3) !== 3
  );
}

/** @param start of the stream. @throws ClipUnreadable `damaged` */
export async function* mpegBlocks(
  parts: AsyncIterable<Uint8Array>,
  start: Uint8Array,
): AsyncGenerator<AudioBlock> {
  // mpg123 doubles a single channel.
  const isMono = (start[3] ?? 0) >> 6 === 3;
  const blocks = blocksOf(
    'the MP3 stream',
    new MPEGDecoder(),
    cut(parts),
    (decoder, piece: Uint8Array) => decoder.decode(piece),
  );
  for await (const { sampleRate, channels } of blocks)
    yield { sampleRate, channels: isMono ? channels.slice(0, 1) : channels };
}

async function* cut(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const part of parts)
    for (let at = 0; at < part.length; at += PIECE_BYTES) yield part.subarray(at, at + PIECE_BYTES);
}
