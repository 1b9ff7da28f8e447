/**
 * Ogg with Vorbis or Opus inside, through stb_vorbis and libopus in WebAssembly. Every page carries a CRC of its own, which those decoders do not
 * look at, so it is checked here: a flipped bit or a file cut short in transit is refused instead of heard. RFC 3533; RFC 7845 for Opus.
 */
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis';
import { OggOpusDecoder } from 'ogg-opus-decoder';
import { ClipUnreadable } from './clip-unreadable';
import type { DecodedAudio } from './decoded-audio';
import { decodeWith } from './wasm-decoder';

export function isOgg(bytes: Uint8Array): boolean {
  return isPage(bytes, 0);
}

/** @throws ClipUnreadable `damaged` or `unsupportedCodec` */
export async function decodeOgg(bytes: Uint8Array): Promise<DecodedAudio> {
  const content = firstPage(bytes);
  const isVorbis = content.includes('\x01vorbis');
  if (!isVorbis && !content.includes('OpusHead'))
    throw new ClipUnreadable('unsupportedCodec', 'the Ogg file holds neither Vorbis nor Opus');
  const endSamples = checkPages(bytes);
  if (isVorbis) return await decodeWith('the Ogg Vorbis stream', new OggVorbisDecoder(), (decoder) => decoder.decodeFile(bytes));
  const { sampleRate, channels } = await decodeWith('the Ogg Opus stream', new OggOpusDecoder({ forceStereo: false }), (decoder) =>
    decoder.decodeFile(bytes),
  );
  // Positions count the pre-skip (RFC 7845, section 4); the decoder drops it at the start and keeps as much too many at the end.
  const wanted = endSamples - preSkip(bytes);
  return { sampleRate, channels: wanted > 0 ? channels.map((channel) => channel.subarray(0, wanted)) : channels };
}

function preSkip(bytes: Uint8Array): number {
  const at = firstPage(bytes).indexOf('OpusHead') + 10;
  return (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
}

function firstPage(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 27 + 255 + 64)).toString('latin1');
}

/** @returns position of the last page, in samples from the start of the stream; −1 where it states none */
function checkPages(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = -1n;
  for (let at = 0, page = 0; at < bytes.length; page++) {
    if (!isPage(bytes, at)) throw new ClipUnreadable('damaged', `the Ogg file has no page at byte ${at}`);
    const segments = bytes[at + 26] ?? 0;
    let end = at + 27 + segments;
    for (let segment = 0; segment < segments; segment++) end += bytes[at + 27 + segment] ?? 0;
    if (end > bytes.length) throw new ClipUnreadable('damaged', `the Ogg file breaks off in page ${page}`);
    if (pageCrc(bytes, at, end) !== view.getUint32(at + 22, true))
      throw new ClipUnreadable('damaged', `page ${page} of the Ogg file does not match its CRC`);
    position = view.getBigInt64(at + 6, true);
    at = end;
  }
  return Number(position);
}

function isPage(bytes: Uint8Array, at: number): boolean {
  return at + 27 <= bytes.length && bytes[at] === 0x4f && bytes[at + 1] === 0x67 && bytes[at + 2] === 0x67 && bytes[at + 3] === 0x53;
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
