/**
 * Ogg with Vorbis or Opus inside, through stb_vorbis and libopus in WebAssembly. Every page carries
 * a CRC of its own, which those decoders do not look at, so it is checked here: a flipped bit or a
 * file cut short in transit is refused instead of heard. RFC 3533; RFC 7845 for Opus.
 */
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { OggOpusDecoder } from 'ogg-opus-decoder';
import type { AudioBlock } from './audio-block';
import { joined } from './byte-parts';
import { ClipUnreadable } from './clip-unreadable';
import { blocksOf } from './wasm-decoder';

/**
 * A page of Opus may hold half a minute of silence in 300 bytes, in up to 255 channels: pages go in
 * one by one, and this is surround with all its heights.
 */
const MOST_CHANNELS = 16;

export function isOgg(bytes: Uint8Array): boolean {
  return isPage(bytes, 0);
}

interface Page {
  bytes: Uint8Array;
  /** In samples from the start of the stream, at its end; −1 where it states none. */
  position: number;
}

/** @throws ClipUnreadable `damaged` or `unsupportedCodec` */
export async function* oggBlocks(parts: AsyncIterable<Uint8Array>): AsyncGenerator<AudioBlock> {
  const pages = checkedPages(parts);
  const first = await pages.next();
  if (first.done) throw new ClipUnreadable('damaged', 'the Ogg file holds no page');
  const firstPage = first.value.bytes;
  const header = Buffer.from(firstPage).toString('latin1', 0, 27 + 255 + 64);
  const [vorbis, opus] = [header.indexOf('\x01vorbis'), header.indexOf('OpusHead')];
  if (vorbis < 0 && opus < 0)
    throw new ClipUnreadable('unsupportedCodec', 'the Ogg file holds neither Vorbis nor Opus');
  const channels = firstPage[vorbis >= 0 ? vorbis + 11 : opus + 9] ?? 0;
  if (channels > MOST_CHANNELS)
    throw new ClipUnreadable(
      'unsupportedCodec',
      `the Ogg file has ${channels} channels, expected at most ${MOST_CHANNELS}`,
    );
  let position = -1;
  async function* all(): AsyncGenerator<Uint8Array> {
    yield firstPage;
    for await (const page of pages) {
      ({ position } = page);
      yield page.bytes;
    }
  }
  if (vorbis >= 0)
    yield* blocksOf(
      'the Ogg Vorbis stream',
      new OggVorbisDecoder(),
      all(),
      (decoder, page) => decoder.decode(page),
      (decoder) => decoder.flush(),
    );
  else {
    const preSkip = (firstPage[opus + 10] ?? 0) + 256 * (firstPage[opus + 11] ?? 0);
    const blocks = blocksOf(
      'the Ogg Opus stream',
      new OggOpusDecoder({ forceStereo: false }),
      all(),
      (decoder, page) => decoder.decode(page),
      (decoder) => decoder.flush(),
    );
    yield* cutAtEnd(blocks, () => position - preSkip);
  }
}

/**
 * Positions count the pre-skip (RFC 7845, section 4); the decoder drops it at the start and keeps
 * as much too many at the end.
 */
async function* cutAtEnd(
  blocks: AsyncIterable<AudioBlock>,
  wanted: () => number,
): AsyncGenerator<AudioBlock> {
  // As many blocks are kept back as the largest pre-skip takes.
  const kept: AudioBlock[] = [];
  let [given, held] = [0, 0];
  for await (const block of blocks) {
    kept.push(block);
    held += lengthOf(block);
    while (held - lengthOf(kept[0]!) > 0xffff) {
      const next = kept.shift()!;
      held -= lengthOf(next);
      given += lengthOf(next);
      yield next;
    }
  }
  for (const { sampleRate, channels } of kept) {
    const left = wanted() > 0 ? Math.max(0, wanted() - given) : Infinity;
    given += channels[0]!.length;
    if (left > 0)
      yield { sampleRate, channels: channels.map((channel) => channel.subarray(0, left)) };
  }
}

function lengthOf({ channels }: AudioBlock): number {
  return channels[0]?.length ?? 0;
}

/** One page after the other, each as its CRC says. */
async function* checkedPages(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Page> {
  let bytes: Uint8Array = new Uint8Array(0);
  let page = 0;
  for await (const part of parts) {
    bytes = joined(bytes, part);
    let at = 0;
    for (
      let end = endOfPage(bytes, at, page);
      end <= bytes.length;
      end = endOfPage(bytes, at, page)
    ) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, 27);
      if (pageCrc(bytes, at, end) !== view.getUint32(22, true))
        throw new ClipUnreadable('damaged', `page ${page} of the Ogg file does not match its CRC`);
      yield { bytes: bytes.subarray(at, end), position: Number(view.getBigInt64(6, true)) };
      at = end;
      page++;
    }
    bytes = bytes.subarray(at);
  }
  if (bytes.length > 0)
    throw new ClipUnreadable('damaged', `the Ogg file breaks off in page ${page}`);
}

/** Infinity when its header has not come yet. */
function endOfPage(bytes: Uint8Array, at: number, page: number): number {
  if (at + 27 > bytes.length) return Infinity;
  if (!isPage(bytes, at))
    throw new ClipUnreadable('damaged', `the Ogg file has no page ${page} where it should start`);
  const segments = bytes[at + 26] ?? 0;
  if (at + 27 + segments > bytes.length) return Infinity;
  return bytes
    .subarray(at + 27, at + 27 + segments)
    .reduce((end, length) => end + length, at + 27 + segments);
}

function isPage(bytes: Uint8Array, at: number): boolean {
  return (
    at + 27 <= bytes.length &&
    bytes[at] === 0x4f &&
    bytes[at + 1] === 0x67 &&
    bytes[at + 2] === 0x67 &&
    bytes[at + 3] === 0x53
  );
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc >>> 0;
});

/** The four bytes of the sum itself count as zeros. */
export function pageCrc(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at++) {
    const byte = at - start >= 22 && at - start < 26 ? 0 : bytes[at]!;
    crc = ((crc << 8) ^ crcTable[(crc >>> 24) ^ byte]!) >>> 0;
  }
  return crc;
}
