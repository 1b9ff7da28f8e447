/**
 * Pages of an Ogg file. Every page carries a CRC of its own, which decoders do not look at, so it
 * is checked here: a flipped bit or a file cut short in transit is refused. RFC 3533.
 */
import { joined } from './byte-parts';
import { ClipUnreadable } from './clip-unreadable';
import { isTrailer, tagBytes } from './id3';

export interface OggPage {
  /** All of it. */
  readonly bytes: Uint8Array;
  /** Names the logical stream. */
  readonly serial: number;
  /** Counts the stream's pages. */
  readonly sequence: number;
  /** Of the last packet that ends on the page, in the codec's unit; −1 where none does. */
  readonly position: number;
  /** It goes on with a packet of the page before. */
  readonly isContinued: boolean;
  /** First and last of its stream. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

const HEADER_BYTES = 27;
const LONGEST_TAG_HEADER = 32;

/** Tags behind the last page, or between two links, are skipped. */
export async function* checkedPages(parts: AsyncIterable<Uint8Array>): AsyncGenerator<OggPage> {
  let bytes: Uint8Array = new Uint8Array(0);
  let page = 0;
  let skip = 0;
  for await (const part of parts) {
    bytes = joined(bytes, part);
    let at = 0;
    for (;;) {
      skip ||= tagBytes(bytes.subarray(at));
      const skipped = Math.min(skip, bytes.length - at);
      at += skipped;
      skip -= skipped;
      if (skipped > 0 && at < bytes.length) continue;
      const end = endOfPage(bytes, at, page);
      // A tag whose length is not known: what follows it is not looked at.
      if (isTrailer(bytes.subarray(at)) && bytes.length - at > LONGEST_TAG_HEADER) return;
      if (end > bytes.length) break;
      yield checkedPage(bytes.subarray(at, end), page);
      at = end;
      page++;
    }
    bytes = bytes.subarray(at);
  }
  if (bytes.length > 0 && !isTrailer(bytes))
    throw new ClipUnreadable('damaged', `the Ogg file breaks off in page ${page}`);
}

function checkedPage(bytes: Uint8Array, page: number): OggPage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (pageCrc(bytes, 0, bytes.length) !== view.getUint32(22, true))
    throw new ClipUnreadable('damaged', `page ${page} of the Ogg file does not match its CRC`);
  const flags = view.getUint8(5);
  return {
    bytes,
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    position: Number(view.getBigInt64(6, true)),
    isContinued: (flags & 1) !== 0,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
  };
}

/** What a page carries behind its header, and the lengths of its segments. */
export function pageBody({ bytes }: OggPage): { segments: Uint8Array; body: Uint8Array } {
  const count = bytes[HEADER_BYTES - 1]!;
  return {
    segments: bytes.subarray(HEADER_BYTES, HEADER_BYTES + count),
    body: bytes.subarray(HEADER_BYTES + count),
  };
}

/** Infinity when its header has not come yet, or that of a tag. */
function endOfPage(bytes: Uint8Array, at: number, page: number): number {
  if (at + HEADER_BYTES > bytes.length) return Infinity;
  if (isTrailer(bytes.subarray(at))) return Infinity;
  if (!isPage(bytes, at))
    throw new ClipUnreadable('damaged', `the Ogg file has no page ${page} where it should start`);
  const segments = bytes[at + HEADER_BYTES - 1] ?? 0;
  const start = at + HEADER_BYTES + segments;
  if (start > bytes.length) return Infinity;
  return bytes.subarray(at + HEADER_BYTES, start).reduce((end, length) => end + length, start);
}

export function isPage(bytes: Uint8Array, at: number): boolean {
  return (
    at + HEADER_BYTES <= bytes.length &&
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
