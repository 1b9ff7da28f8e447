/**
 * Tags that taggers put around a stream of any kind: ID3v2 before it, and ID3v1, ID3v2, APE or
 * Lyrics3 behind it. ID3v2.4, section 3; https://wiki.hydrogenaud.io/index.php?title=APEv2
 */
import { joined, type ByteParts } from './byte-parts';
import { ClipUnreadable } from './clip-unreadable';

const ID3_HEADER_BYTES = 10;
const FOOTER_FLAG = 0x10;
const ID3V1_BYTES = 128;
const APE_HEADER_BYTES = 32;
const APE_IS_HEADER = 0x20000000;

/** Pictures of a few MB are common. A source that sends tags without end is refused here. */
const MOST_TAG_BYTES = 2 ** 26;

const TRAILERS = ['TAG', 'ID3', '3DI', 'APETAGEX', 'LYRICSBEGIN'];
/** So many bytes tell whether a trailer starts. */
export const TRAILER_BYTES = 11;

/**
 * The stream without the ID3v2 tags before it, of which there may be several.
 * @throws {ClipUnreadable} `damaged` when they take more than 64 MiB, or hold no stream behind them
 */
export async function* withoutId3(parts: ByteParts): AsyncGenerator<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  let skip = 0;
  let taken = 0;
  let isContent = false;
  for await (const part of parts) {
    head = joined(head, part);
    while (!isContent && (skip > 0 || head.length >= ID3_HEADER_BYTES)) {
      const skipped = Math.min(skip, head.length);
      head = head.subarray(skipped);
      skip -= skipped;
      if (head.length < ID3_HEADER_BYTES) break;
      skip = tagLength(head);
      taken += skip;
      isContent = skip === 0;
      if (taken > MOST_TAG_BYTES)
        throw new ClipUnreadable(
          'damaged',
          `its ID3 tags take more than ${MOST_TAG_BYTES / 2 ** 20} MiB; remove them`,
        );
    }
    if (!isContent) continue;
    yield head;
    head = new Uint8Array(0);
  }
  if (taken > 0 && !isContent)
    throw new ClipUnreadable('damaged', 'it ends in its ID3 tags, before any audio');
  if (head.length > 0) yield head;
}

/** Bytes of the ID3v2 tag that starts with this header; 0 = none does. */
function tagLength(bytes: Uint8Array): number {
  if (bytes[0] !== 0x49 || bytes[1] !== 0x44 || bytes[2] !== 0x33) return 0;
  // Seven bits a byte; the footer that a flag announces is not counted.
  const content = bytes
    .subarray(6, ID3_HEADER_BYTES)
    .reduce((sum, b) => sum * 0x80 + (b & 0x7f), 0);
  return ID3_HEADER_BYTES + content + (bytes[5]! & FOOTER_FLAG ? ID3_HEADER_BYTES : 0);
}

/**
 * Whether a tag may start there: `TA`, `AP` or `ID`, of which the second may not have come yet.
 * Padding is looked through byte by byte, so this is quick.
 */
export function startsLikeTag(bytes: Uint8Array, at = 0): boolean {
  const first = bytes[at];
  if (first !== 0x54 && first !== 0x41 && first !== 0x49) return false;
  const second = bytes[at + 1];
  return second === undefined || second === (first === 0x54 ? 0x41 : first === 0x41 ? 0x50 : 0x44);
}

/** Whether a tag starts where a stream has ended. */
export function isTrailer(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, TRAILER_BYTES));
  return TRAILERS.some((tag) => text.startsWith(tag));
}

/** Bytes of the tag that starts here, behind a stream or between two; 0 = none does. */
export function tagBytes(bytes: Uint8Array): number {
  if (!startsLikeTag(bytes)) return 0;
  const start = Buffer.from(bytes.subarray(0, 8)).toString('latin1');
  if (start.startsWith('TAG')) return ID3V1_BYTES;
  if (start === 'APETAGEX' && bytes.length >= APE_HEADER_BYTES) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, APE_HEADER_BYTES);
    const isHeader = (view.getUint32(20, true) & APE_IS_HEADER) !== 0;
    return APE_HEADER_BYTES + (isHeader ? view.getUint32(12, true) : 0);
  }
  return bytes.length >= ID3_HEADER_BYTES ? tagLength(bytes) : 0;
}
