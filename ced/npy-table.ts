/**
 * Tables as NumPy files, version 1.0: two dimensions, C order, little-endian. The header's length
 * is a multiple of 64 bytes, as NumPy writes it, so the data can be viewed in place.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { encodeNpyHeader } from './audio/npy';
import { FormatInvalid } from './format-invalid';

/** float16, float32 and int64. */
export type NpyType = '<f2' | '<f4' | '<i8';

export interface NpyTable {
  type: NpyType;
  rows: number;
  columns: number;
  /** Bytes before the first number. */
  dataOffset: number;
}

export const NPY_ITEM_BYTES: Readonly<Record<NpyType, number>> = { '<f2': 2, '<f4': 4, '<i8': 8 };

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** More than any header of two dimensions; NumPy's own limit is 10,000. */
const LONGEST_HEADER = 10_000;

export function npyTableHeader(type: NpyType, rows: number, columns: number): Uint8Array {
  return encodeNpyHeader(type, `${rows}, ${columns}`);
}

/** As many bytes as `parseNpyTable` needs. */
export const npyTableHeaderBytes = LONGEST_HEADER + 12;

/**
 * @param start the first bytes of a file
 * @throws FormatInvalid unless they begin a table of one of the types, in C order
 */
export function parseNpyTable(start: Uint8Array): NpyTable {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (bytes.length < 12 || !bytes.subarray(0, 6).equals(MAGIC))
    throw new FormatInvalid('npy', 'it does not start with NUMPY');
  const lengthBytes = bytes[6] === 1 ? 2 : 4;
  const dataOffset = 8 + lengthBytes + bytes.readUIntLE(8, lengthBytes);
  if (dataOffset > bytes.length) throw new FormatInvalid('npy', 'its header is cut short');
  const dictionary = bytes.toString('latin1', 8 + lengthBytes, dataOffset);
  const shape = /'shape':\s*\((\d{1,15}),\s*(\d{1,15}),?\s*\)/.exec(dictionary);
  const type = /'descr':\s*'(<f2|<f4|<i8)'/.exec(dictionary);
  if (!shape || !type || !/'fortran_order':\s*False/.test(dictionary))
    throw new FormatInvalid(
      'npy',
      `it is not a table of float16, float32 or int64 in C order but ` +
        dictionary.trim().slice(0, 200),
    );
  return {
    type: type[1] as NpyType,
    rows: Number(shape[1]),
    columns: Number(shape[2]),
    dataOffset,
  };
}

/** The size of the whole file. */
export function npyTableBytes({ type, rows, columns, dataOffset }: NpyTable): number {
  return dataOffset + rows * columns * NPY_ITEM_BYTES[type];
}
