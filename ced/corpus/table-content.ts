/**
 * Recognizes files that are not text tables, so that one line can name what they are. Without it a
 * gzip file is reported as thousands of rows that are not JSON.
 */
import { isUtf8 } from 'node:buffer';
import { FormatInvalid } from '../format-invalid';
import {
  foreignContent,
  isLfsPointer,
  LOOKED_AT_BYTES,
  type ForeignContent,
} from './foreign-content';

const SIGNATURES: readonly (ForeignContent & { bytes: readonly number[] })[] = [
  { bytes: [0xff, 0xfe], what: 'UTF-16 text', remedy: 'save it as UTF-8' },
  { bytes: [0xfe, 0xff], what: 'UTF-16 text', remedy: 'save it as UTF-8' },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: 'a PDF', remedy: 'export its rows as a table' },
  { bytes: [0x93, 0x4e, 0x55, 0x4d], what: 'a NumPy array', remedy: 'export its rows as a table' },
  { bytes: [0x52, 0x49, 0x46, 0x46], what: 'audio', remedy: 'name a table of clips instead' },
  { bytes: [0x66, 0x4c, 0x61, 0x43], what: 'audio', remedy: 'name a table of clips instead' },
  { bytes: [0x4f, 0x67, 0x67, 0x53], what: 'audio', remedy: 'name a table of clips instead' },
];

/** Of the bytes of Latin text in UTF-16, every second one is 0. */
const UTF16_ZEROS = 0.4;

/**
 * Decodes a table's bytes as UTF-8 text, without a byte order mark. Invalid UTF-8 becomes U+FFFD,
 * and `isExact` is false.
 * @throws {FormatInvalid} naming what the bytes are instead, and the remedy
 */
export function tableText(bytes: Uint8Array): { text: string; isExact: boolean } {
  const problem = problemOf(bytes);
  if (problem !== null) throw new FormatInvalid('table', problem);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  return { text, isExact: isUtf8(bytes) };
}

function problemOf(bytes: Uint8Array): string | null {
  const own = SIGNATURES.find((each) => each.bytes.every((byte, at) => bytes[at] === byte));
  const known = own ?? foreignContent(bytes);
  const expected = isLfsPointer(bytes) ? 'the table itself' : 'a text table';
  if (known) return `it is ${known.what}, not ${expected}; ${known.remedy}`;
  const beginning = bytes.subarray(0, LOOKED_AT_BYTES);
  if (isUtf16(beginning)) return 'it is UTF-16 text, not a text table; save it as UTF-8';
  return beginning.includes(0) ? 'it is binary data, not a text table in UTF-8' : null;
}

/** Without a byte order mark, whose signatures are known. */
function isUtf16(bytes: Uint8Array): boolean {
  const zeros = [0, 0];
  bytes.forEach((byte, at) => (zeros[at % 2]! += byte === 0 ? 1 : 0));
  const half = bytes.length / 2;
  const [least, most] = [Math.min(...zeros), Math.max(...zeros)];
  return bytes.length >= 4 && most > UTF16_ZEROS * half && least < most / 8;
}
