/**
 * The audio shard's samples as a NumPy file, version 1.0: one dimension, little-endian int16. The
 * header is short, so a reader fetches the first bytes once and any clip by a range afterwards.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { FormatInvalid } from '../format-invalid';

export interface NpyInt16Header {
  /** Bytes from the start of the file to the first sample. */
  readonly dataOffset: number;
  /** Samples. */
  readonly length: number;
}

const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
const alignment = 64;
const preamble = magic.length + 2;

/** As many bytes as parseNpyInt16Header ever needs of a file that this project wrote. */
export const npyHeaderBytes = 128;

/** The bytes before the samples, for a writer that streams them. */
export function encodeNpyInt16Header(length: number): Uint8Array {
  return encodeNpyHeader('<i2', `${length},`);
}

/**
 * The whole file of a table.
 * @param rows int64 [rows, columns], row by row
 */
export function encodeNpyInt64Table(rows: BigInt64Array, columns: number): Uint8Array {
  const header = encodeNpyHeader('<i8', `${rows.length / columns}, ${columns}`);
  return Buffer.concat([header, new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength)]);
}

/** @param shape as Python writes a tuple, without its brackets */
export function encodeNpyHeader(descr: string, shape: string): Uint8Array {
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const bytes = Math.ceil((preamble + dictionary.length + 1) / alignment) * alignment;
  const header = Buffer.alloc(bytes, ' ');
  magic.copy(header);
  header.writeUInt16LE(bytes - preamble, magic.length);
  header.write(dictionary, preamble, 'latin1');
  header.write('\n', bytes - 1, 'latin1');
  return new Uint8Array(header);
}

/**
 * The whole file.
 * @param total samples of all parts together
 * @throws RangeError when they are not
 */
export function encodeNpyInt16(total: number, parts: Iterable<Int16Array>): Uint8Array {
  const header = encodeNpyInt16Header(total);
  const file = new Uint8Array(header.length + total * 2);
  file.set(header);
  let at = header.length;
  for (const part of parts) {
    if (at + part.byteLength > file.length)
      throw new RangeError(`the parts hold more than ${total} samples`);
    file.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  if (at !== file.length)
    throw new RangeError(`the parts hold ${(at - header.length) / 2} samples, not ${total}`);
  return file;
}

/** @throws FormatInvalid unless the bytes begin a one-dimensional little-endian int16 array */
export function parseNpyInt16Header(start: Uint8Array): NpyInt16Header {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (bytes.length < preamble || !bytes.subarray(0, 6).equals(magic.subarray(0, 6)))
    throw new FormatInvalid('npy', 'it does not start with NUMPY');
  const major = bytes[6]!;
  const lengthBytes = major === 1 ? 2 : 4;
  if (bytes.length < magic.length + lengthBytes)
    throw new FormatInvalid('npy', 'its header is cut short');
  const dataOffset = magic.length + lengthBytes + bytes.readUIntLE(magic.length, lengthBytes);
  if (dataOffset > bytes.length) throw new FormatInvalid('npy', 'its header is cut short');
  const dictionary = bytes.toString('latin1', magic.length + lengthBytes, dataOffset);
  const shape = /'shape':\s*\((\d+),\s*\)/.exec(dictionary);
  if (
    !shape ||
    !/'descr':\s*'<i2'/.test(dictionary) ||
    !/'fortran_order':\s*False/.test(dictionary)
  ) {
    throw new FormatInvalid(
      'npy',
      `it is not a one-dimensional int16 array but ${dictionary.trim()}`,
    );
  }
  return { dataOffset, length: Number(shape[1]) };
}

/** Byte range [start, end) of samples in the file, to read a clip alone. */
export function npySampleRange(
  { dataOffset }: NpyInt16Header,
  offset: number,
  samples: number,
): { start: number; end: number } {
  return { start: dataOffset + offset * 2, end: dataOffset + (offset + samples) * 2 };
}

/**
 * The samples in bytes that npySampleRange selected. Copies when the bytes are not aligned for
 * int16.
 */
export function samplesFromBytes(bytes: Uint8Array): Int16Array {
  if (bytes.byteOffset % 2 === 0)
    return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
  return new Int16Array(bytes.slice().buffer, 0, bytes.byteLength >> 1);
}
