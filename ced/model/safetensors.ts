/**
 * Reads and writes the safetensors format. The same tensors give the same bytes: names sorted,
 * header padded to 8 bytes with spaces.
 * https://github.com/huggingface/safetensors#format
 */
import { fromHalf, toHalf } from '../logits/half';
import { elementCount, type Shape } from '../engine/tensor';

export interface DecodedTensor {
  readonly dtype: string;
  readonly shape: Shape;
  /** Values as float32; integers beyond 2^24 lose their last bits. */
  readonly data: Float32Array;
}

export class SafetensorsInvalid extends Error {
  override readonly name = 'SafetensorsInvalid';
}

const BYTES_PER_ELEMENT: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};
const MAXIMUM_HEADER_BYTES = 100_000_000;

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

export function decodeSafetensors(bytes: Uint8Array): Map<string, DecodedTensor> {
  const { header, body } = readHeader(bytes);
  const tensors = new Map<string, DecodedTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = entry as HeaderEntry;
    const width = BYTES_PER_ELEMENT[dtype];
    if (width === undefined) throw new SafetensorsInvalid(`${name} has the unknown type ${dtype}`);
    if (!Array.isArray(shape) || !shape.every((extent) => Number.isInteger(extent) && extent >= 0))
      throw new SafetensorsInvalid(`${name} has no shape`);
    const count = elementCount(shape);
    const [begin, end] = Array.isArray(offsets) ? offsets : [NaN, NaN];
    if (!(begin >= 0 && end <= body.byteLength && end - begin === count * width)) {
      throw new SafetensorsInvalid(
        `${name} claims bytes ${begin} to ${end} of ${body.byteLength} for ${count} × ${dtype}`,
      );
    }
    tensors.set(name, {
      dtype,
      shape,
      data: toFloat32(
        new DataView(body.buffer, body.byteOffset + begin, end - begin),
        dtype,
        count,
      ),
    });
  }
  return tensors;
}

/** The `__metadata__` of a file. */
export function safetensorsMetadata(bytes: Uint8Array): Record<string, string> {
  return (readHeader(bytes).header['__metadata__'] ?? {}) as Record<string, string>;
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; body: Uint8Array } {
  if (bytes.byteLength < 8) throw new SafetensorsInvalid('shorter than a header');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > Math.min(MAXIMUM_HEADER_BYTES, bytes.byteLength - 8))
    throw new SafetensorsInvalid('the header is longer than the file');
  try {
    const header = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset + 8, length).toString('utf8'),
    ) as Record<string, unknown>;
    return { header, body: bytes.subarray(8 + length) };
  } catch (cause) {
    throw new SafetensorsInvalid('the header is not JSON', { cause });
  }
}

function toFloat32(view: DataView, dtype: string, count: number): Float32Array {
  const values = new Float32Array(count);
  if (dtype === 'F32') {
    new Uint8Array(values.buffer).set(
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
    );
    return values;
  }
  const read = reader(view, dtype);
  for (let i = 0; i < count; i++) values[i] = read(i);
  return values;
}

function reader(view: DataView, dtype: string): (index: number) => number {
  switch (dtype) {
    case 'F64':
      return (i) => view.getFloat64(8 * i, true);
    case 'F16':
      return (i) => fromHalf(view.getUint16(2 * i, true));
    case 'BF16': {
      const bits = new Uint32Array(1);
      const float = new Float32Array(bits.buffer);
      return (i) => {
        bits[0] = view.getUint16(2 * i, true) << 16;
        return float[0] as number;
      };
    }
    case 'I64':
      return (i) => Number(view.getBigInt64(8 * i, true));
    case 'I32':
      return (i) => view.getInt32(4 * i, true);
    case 'I16':
      return (i) => view.getInt16(2 * i, true);
    case 'I8':
      return (i) => view.getInt8(i);
    default:
      return (i) => view.getUint8(i);
  }
}

export function encodeSafetensors(
  tensors: ReadonlyMap<string, { readonly shape: Shape; readonly data: Float32Array }>,
  dtype: 'F32' | 'F16' = 'F32',
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const names = [...tensors.keys()].sort();
  const width = BYTES_PER_ELEMENT[dtype] as number;
  const header: Record<string, unknown> = {};
  if (metadata !== undefined)
    header['__metadata__'] = Object.fromEntries(
      Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  let offset = 0;
  for (const name of names) {
    const { shape, data } = tensors.get(name) as { shape: Shape; data: Float32Array };
    if (elementCount(shape) !== data.length)
      throw new RangeError(`${name} has ${data.length} values for shape [${shape}]`);
    header[name] = {
      dtype,
      shape: [...shape],
      data_offsets: [offset, (offset += data.length * width)],
    };
  }
  const json = Buffer.from(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes).set(json, 8);
  let position = 8 + headerBytes;
  for (const name of names) {
    const { data } = tensors.get(name) as { data: Float32Array };
    const body = dtype === 'F32' ? data : Uint16Array.from(data, toHalf);
    bytes.set(new Uint8Array(body.buffer, body.byteOffset, body.byteLength), position);
    position += body.byteLength;
  }
  return bytes;
}
