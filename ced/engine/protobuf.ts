/**
 * The few lines of protocol-buffer writing that a FunctionDef and TensorBoard's events need.
 * Messages are built inside out as Buffers.
 * https://protobuf.dev/programming-guides/encoding/
 */
export function varint(value: number): Buffer {
  if (value >= 0 && value < 0x80) return ONE_BYTE[value]!;
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** Most tags, lengths and numbers; only ever copied from. */
const ONE_BYTE: readonly Buffer[] = Array.from({ length: 0x80 }, (_, value) => Buffer.of(value));

export const message = (...fields: readonly Buffer[]): Buffer => Buffer.concat(fields);

export function integerField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

export function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

export function stringField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text));
}

export function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), bytes]);
}

export function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint((field << 3) | 1), bytes]);
}

/** One entry of a `map<string, …>` field. */
export function mapEntry(field: number, key: string, value: Buffer): Buffer {
  return bytesField(field, message(stringField(1, key), value));
}
