/**
 * A protocol buffer as a tree that can be changed and written with any length, number or type.
 * https://protobuf.dev/programming-guides/encoding/
 */

export interface MessageField {
  name: string;
  field: number;
  content: bigint | Buffer | MessageField[];
  /** Replaces the wire type that belongs to the content. */
  wireType?: number;
  /** Replaces the length in bytes of the content. */
  length?: bigint;
}

export function encoded(fields: readonly MessageField[]): Buffer {
  return Buffer.concat(
    fields.map(({ field, content, wireType, length }) => {
      const isNumber = typeof content === 'bigint';
      const tag = varint((BigInt(field) << 3n) | BigInt(wireType ?? (isNumber ? 0 : 2)));
      if (isNumber) return Buffer.concat([tag, varint(content)]);
      const bytes = Array.isArray(content) ? encoded(content) : content;
      return Buffer.concat([tag, varint(length ?? BigInt(bytes.length)), bytes]);
    }),
  );
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

/** Every list of fields in the tree. */
export function listsIn(fields: MessageField[]): MessageField[][] {
  return [
    fields,
    ...fields.flatMap(({ content }) => (Array.isArray(content) ? listsIn(content) : [])),
  ];
}
