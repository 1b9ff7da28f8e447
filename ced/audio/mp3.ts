/**
 * MPEG audio, layers I to III, through mpg123 in WebAssembly; the encoder's delay and padding are
 * cut off where its LAME tag states them. Streams one after the other each have a decoder of their
 * own. MPEG frames carry no sum of their content: a flipped bit is decoded, and only a stream that
 * loses its frames, or its end, is refused.
 */
import { Ahead } from './ahead';
import type { AudioBlock } from './audio-block';
import { ClipUnreadable } from './clip-unreadable';
import { isFreeFormat, mpegPieces, type MpegPiece } from './mpeg-frames';
import { blocksOf, someOf } from './wasm-decoder';

/** The least of a stream is 8 kbit/s: half a minute. */
const PIECE_BYTES = 2 ** 15;

/** @param start of the stream. @throws ClipUnreadable `damaged` or `unsupportedCodec` */
export async function* mpegBlocks(
  parts: AsyncIterable<Uint8Array>,
  start: Uint8Array,
): AsyncGenerator<AudioBlock> {
  const pieces = new Ahead(mpegPieces(parts));
  try {
    if (isFreeFormat(start))
      throw new ClipUnreadable('unsupportedCodec', 'MPEG audio of free format');
    yield* someOf('the MP3 stream', streams(pieces));
  } finally {
    await pieces.close();
  }
}

async function* streams(pieces: Ahead<MpegPiece>): AsyncGenerator<AudioBlock> {
  const { MPEGDecoder } = await import('mpg123-decoder'); // loaded where it is needed
  for (let first = await pieces.peek(); first; first = await pieces.peek()) {
    const blocks = blocksOf(
      'the MP3 stream',
      new MPEGDecoder(),
      bytesOf(pieces),
      (decoder, piece: Uint8Array) => decoder.decode(piece),
    );
    for await (const { sampleRate, channels } of blocks)
      // mpg123 doubles a single channel.
      yield { sampleRate, channels: first.isMono ? channels.slice(0, 1) : channels };
  }
}

/** The bytes of one stream. */
async function* bytesOf(pieces: Ahead<MpegPiece>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for (
    let piece = await pieces.peek();
    piece && (isFirst || !piece.isStart);
    piece = await pieces.peek()
  ) {
    isFirst = false;
    pieces.drop();
    if (!piece.isAudio) continue;
    for (let at = 0; at < piece.bytes.length; at += PIECE_BYTES)
      yield piece.bytes.subarray(at, at + PIECE_BYTES);
  }
}
