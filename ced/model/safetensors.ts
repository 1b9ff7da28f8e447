/**
 * Reads and writes the safetensors format, under the rules of its reference implementation: names
 * are unique, tensors cover the bytes behind the header without a hole or an overlap. The same
 * tensors give the same bytes: names sorted, header padded to 8 bytes with spaces.
 * https://github.com/huggingface/safetensors#format
 */
import { foreignWeights } from './foreign-weights';
import { fromHalf, toHalf } from '../logits/half';
import { elementCount, type Shape } from '../engine/tensor';
import { repeatedKey } from './repeated-key';

export interface DecodedTensor {
  readonly dtype: string;
  readonly shape: Shape;
  /**
   * Values as float32, decoded when they are asked for; integers beyond 2^24 lose their last bits.
   */
  readonly data: Float32Array;
}

export class SafetensorsInvalid extends Error {
  override readonly name = 'SafetensorsInvalid';
}

const BYTES_PER_ELEMENT: ReadonlyMap<string, number> = new Map([
  ['F64', 8],
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
  ['I64', 8],
  ['I32', 4],
  ['I16', 2],
  ['I8', 1],
  ['U8', 1],
  ['BOOL', 1],
]);
/** A thousand tensors are described in 100 kB; the reference reads up to 100 MB. */
const LARGEST_HEADER_BYTES = 2 ** 23;
const HIGHEST_RANK = 16;
const LONGEST_NAME_IN_MESSAGES = 100;

/** @throws SafetensorsInvalid before anything is decoded */
export function decodeSafetensors(bytes: Uint8Array): Map<string, DecodedTensor> {
  const { header, body } = readHeader(bytes);
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => ({ name, ...checkedEntry(shortened(name), entry) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== covered)
      throw new SafetensorsInvalid(
        `${shortened(name)} begins at byte ${begin}, the tensor before it ends at ${covered}`,
      );
    covered = end;
  }
  if (covered !== body.byteLength)
    throw new SafetensorsInvalid(
      `its tensors cover ${covered} bytes of the ${body.byteLength} behind the header`,
    );
  return new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      new StoredTensor(dtype, shape, body.subarray(begin, end)),
    ]),
  );
}

class StoredTensor implements DecodedTensor {
  private decoded: Float32Array | null = null;
  private bytes: Uint8Array | null;

  constructor(
    readonly dtype: string,
    readonly shape: Shape,
    bytes: Uint8Array,
  ) {
    this.bytes = bytes;
  }

  get data(): Float32Array {
    if (this.bytes !== null) {
      const { buffer, byteOffset, byteLength } = this.bytes;
      const view = new DataView(buffer, byteOffset, byteLength);
      this.decoded = toFloat32(view, this.dtype, elementCount(this.shape));
      // The file's bytes are free once every tensor was decoded.
      this.bytes = null;
    }
    return this.decoded as Float32Array;
  }
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

function checkedEntry(name: string, entry: unknown): HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const width = typeof dtype === 'string' ? BYTES_PER_ELEMENT.get(dtype) : undefined;
  if (typeof dtype !== 'string' || width === undefined)
    throw new SafetensorsInvalid(`${name} has the unknown type ${shortened(String(dtype))}`);
  if (!isListOfCounts(shape) || shape.length > HIGHEST_RANK)
    throw new SafetensorsInvalid(`${name} has no shape of at most ${HIGHEST_RANK} numbers`);
  if (!isListOfCounts(offsets) || offsets.length !== 2)
    throw new SafetensorsInvalid(`${name} has no data_offsets`);
  const [begin, end] = offsets as [number, number];
  const count = elementCount(shape);
  if (!Number.isSafeInteger(count * width) || end - begin !== count * width)
    throw new SafetensorsInvalid(`${name} claims bytes ${begin} to ${end} for ${count} × ${dtype}`);
  return { dtype, shape, begin, end };
}

function isListOfCounts(value: unknown): value is number[] {
  return (
    Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && Number(each) >= 0)
  );
}

/** The `__metadata__` of a file. */
export function safetensorsMetadata(bytes: Uint8Array): Record<string, string> {
  return (readHeader(bytes).header['__metadata__'] ?? {}) as Record<string, string>;
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; body: Uint8Array } {
  if (bytes.byteLength < 8)
    throw new SafetensorsInvalid(foreignWeights(bytes, 'the weights') ?? 'shorter than a header');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.byteLength - 8) {
    throw new SafetensorsInvalid(
      foreignWeights(bytes, 'the weights') ?? 'the header is longer than the file; fetch it again',
    );
  }
  if (length > LARGEST_HEADER_BYTES)
    throw new SafetensorsInvalid(
      `the header has ${length} bytes, more than the ${LARGEST_HEADER_BYTES} that are read`,
    );
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + 8, length).toString('utf8');
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsInvalid('the header is not JSON', { cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new SafetensorsInvalid('the header is no JSON object');
  const repeated = repeatedKey(text);
  if (repeated !== null)
    throw new SafetensorsInvalid(`the header names ${shortened(repeated)} twice`);
  const metadata = (header as Record<string, unknown>)['__metadata__'];
  if (
    metadata !== undefined &&
    !(
      typeof metadata === 'object' &&
      metadata !== null &&
      Object.values(metadata).every((value) => typeof value === 'string')
    )
  )
    throw new SafetensorsInvalid('its __metadata__ maps no text to text');
  return { header: header as Record<string, unknown>, body: bytes.subarray(8 + length) };
}

function shortened(name: string): string {
  return name.length > LONGEST_NAME_IN_MESSAGES
    ? `${name.slice(0, LONGEST_NAME_IN_MESSAGES)}…`
    : name;
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
  const width = BYTES_PER_ELEMENT.get(dtype) as number;
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
