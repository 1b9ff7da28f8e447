/**
 * Recognizes files that are not text tables, so that one line can name what they are. Without it a
 * gzip file is reported as thousands of rows that are not JSON.
 */
import { FormatInvalid } from '../format-invalid';

const SIGNATURES: readonly { bytes: readonly number[]; what: string; remedy: string }[] = [
  { bytes: [0x1f, 0x8b], what: 'gzip data', remedy: 'decompress it with gunzip' },
  { bytes: [0x50, 0x4b, 3, 4], what: 'a zip archive', remedy: 'run `ced init` on it' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: 'zstd data', remedy: 'decompress it with unzstd' },
  { bytes: [0x42, 0x5a, 0x68], what: 'bzip2 data', remedy: 'decompress it with bunzip2' },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: 'xz data', remedy: 'decompress it with unxz' },
  { bytes: [0xff, 0xfe], what: 'UTF-16 text', remedy: 'save it as UTF-8' },
  { bytes: [0xfe, 0xff], what: 'UTF-16 text', remedy: 'save it as UTF-8' },
  { bytes: [0x50, 0x41, 0x52, 0x31], what: 'a Parquet file', remedy: 'run `ced init` on it' },
  { bytes: [0x89, 0x48, 0x44, 0x46], what: 'an HDF5 file', remedy: 'export its rows as a table' },
  { bytes: [0x52, 0x49, 0x46, 0x46], what: 'audio', remedy: 'name a table of clips instead' },
  { bytes: [0x66, 0x4c, 0x61, 0x43], what: 'audio', remedy: 'name a table of clips instead' },
  { bytes: [0x4f, 0x67, 0x67, 0x53], what: 'audio', remedy: 'name a table of clips instead' },
];

const LFS_POINTER = 'version https://git-lfs.github.com/spec/';
const LOOKED_AT_BYTES = 4096;
const TAR_MAGIC_AT = 257;

/** Whether the bytes are the small text that Git LFS leaves where a large file was not fetched. */
export function isLfsPointer(bytes: Uint8Array): boolean {
  return textOf(bytes, LFS_POINTER.length) === LFS_POINTER;
}

/**
 * Decodes a table's bytes as UTF-8 text, without a byte order mark.
 * @throws {FormatInvalid} naming what the bytes are instead, and the remedy
 */
export function tableText(bytes: Uint8Array): string {
  const foreign = foreignContent(bytes);
  if (foreign !== null) throw new FormatInvalid('table', foreign);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}

function foreignContent(bytes: Uint8Array): string | null {
  const known = SIGNATURES.find((each) => each.bytes.every((byte, at) => bytes[at] === byte));
  if (known) return `it is ${known.what}, not a text table; ${known.remedy}`;
  if (textOf(bytes.subarray(TAR_MAGIC_AT), 5) === 'ustar')
    return 'it is a tar archive, not a text table; give it a name that ends in .tar';
  if (isLfsPointer(bytes))
    return 'it is a Git LFS pointer, not the table itself; fetch the file with `git lfs pull`';
  const beginning = bytes.subarray(0, LOOKED_AT_BYTES);
  if (/^\s*<(!doctype|html|head|\?xml)/i.test(textOf(beginning, LOOKED_AT_BYTES)))
    return 'it is a web page, not a text table; look at the address: it may ask for a login';
  if (beginning.includes(0)) return 'it is binary data, not a text table in UTF-8';
  return null;
}

function textOf(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.byteLength)).toString(
    'latin1',
  );
}
