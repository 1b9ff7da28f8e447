/**
 * Names what a file is that is neither a table, nor audio, nor weights: an archive, a Git LFS
 * pointer, a web page that was saved in its place.
 */

export interface ForeignContent {
  /** With its article. */
  what: string;
  remedy: string;
}

const SIGNATURES: readonly ({ bytes: readonly number[] } & ForeignContent)[] = [
  { bytes: [0x1f, 0x8b], what: 'gzip data', remedy: 'decompress it with gunzip' },
  { bytes: [0x50, 0x4b, 3, 4], what: 'a zip archive', remedy: 'run `ced init` on it' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: 'zstd data', remedy: 'decompress it with unzstd' },
  { bytes: [0x42, 0x5a, 0x68], what: 'bzip2 data', remedy: 'decompress it with bunzip2' },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: 'xz data', remedy: 'decompress it with unxz' },
  { bytes: [0x37, 0x7a, 0xbc, 0xaf], what: 'a 7z archive', remedy: 'unpack it' },
  { bytes: [0x52, 0x61, 0x72, 0x21], what: 'a RAR archive', remedy: 'unpack it' },
  { bytes: [0x50, 0x41, 0x52, 0x31], what: 'a Parquet file', remedy: 'run `ced init` on it' },
  { bytes: [0x89, 0x48, 0x44, 0x46], what: 'an HDF5 file', remedy: 'export its rows as a table' },
  { bytes: [0, 5, 0x16, 7], what: 'an AppleDouble file of macOS', remedy: 'leave out names in ._' },
  { bytes: [0x89, 0x50, 0x4e, 0x47], what: 'a PNG picture', remedy: 'leave it out' },
  { bytes: [0xff, 0xd8, 0xff], what: 'a JPEG picture', remedy: 'leave it out' },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: 'a PDF document', remedy: 'leave it out' },
  { bytes: [0x4d, 0x54, 0x68, 0x64], what: 'a MIDI file', remedy: 'render it to audio first' },
];

const LFS_POINTER = 'version https://git-lfs.github.com/spec/';
/** The examined beginning of a file. */
export const LOOKED_AT_BYTES = 4096;
const TAR_MAGIC_AT = 257;

/** @returns null where the bytes may be what their reader expects */
export function foreignContent(bytes: Uint8Array): ForeignContent | null {
  const known = SIGNATURES.find((each) => each.bytes.every((byte, at) => bytes[at] === byte));
  if (known) return known;
  if (textOf(bytes.subarray(TAR_MAGIC_AT), 5) === 'ustar')
    return { what: 'a tar archive', remedy: 'give it a name that ends in .tar' };
  if (isLfsPointer(bytes))
    return { what: 'a Git LFS pointer', remedy: 'fetch the file with `git lfs pull`' };
  if (/^\s*<(!doctype|html|head|\?xml)/i.test(textOf(bytes, LOOKED_AT_BYTES)))
    return { what: 'a web page', remedy: 'look at the address: it may ask for a login' };
  return null;
}

/** Whether the bytes are the small text that Git LFS leaves where a large file was not fetched. */
export function isLfsPointer(bytes: Uint8Array): boolean {
  return textOf(bytes, LFS_POINTER.length) === LFS_POINTER;
}

function textOf(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.byteLength)).toString(
    'latin1',
  );
}
