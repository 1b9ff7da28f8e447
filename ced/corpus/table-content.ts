/**
 * Recognizes files that are not text tables, so that one line can name what they are. Without it a
 * gzip file is reported as thousands of rows that are not JSON.
 */
import { FormatInvalid } from '../format-invalid';
import { foreignContent, isLfsPointer } from './foreign-content';

const SIGNATURES: readonly { bytes: readonly number[]; what: string; remedy: string }[] = [
  { bytes: [0xff, 0xfe], what: 'UTF-16 text', remedy: 'save it as UTF-8' },
  { bytes: [0xfe, 0xff], what: 'UTF-16 text', remedy: 'save it as UTF-8' },
  { bytes: [0x52, 0x49, 0x46, 0x46], what: 'audio', remedy: 'name a table of clips instead' },
  { bytes: [0x66, 0x4c, 0x61, 0x43], what: 'audio', remedy: 'name a table of clips instead' },
  { bytes: [0x4f, 0x67, 0x67, 0x53], what: 'audio', remedy: 'name a table of clips instead' },
];

const LOOKED_AT_BYTES = 4096;

/**
 * Decodes a table's bytes as UTF-8 text, without a byte order mark.
 * @throws {FormatInvalid} naming what the bytes are instead, and the remedy
 */
export function tableText(bytes: Uint8Array): string {
  const problem = problemOf(bytes);
  if (problem !== null) throw new FormatInvalid('table', problem);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}

function problemOf(bytes: Uint8Array): string | null {
  const own = SIGNATURES.find((each) => each.bytes.every((byte, at) => bytes[at] === byte));
  const known = own ?? foreignContent(bytes);
  const expected = isLfsPointer(bytes) ? 'the table itself' : 'a text table';
  if (known) return `it is ${known.what}, not ${expected}; ${known.remedy}`;
  if (bytes.subarray(0, LOOKED_AT_BYTES).includes(0))
    return 'it is binary data, not a text table in UTF-8';
  return null;
}
