/**
 * Protocol buffers read without a schema: the fields of one message, in order. Enough to look
 * inside a SavedModel or an ONNX file.
 * https://protobuf.dev/programming-guides/encoding/
 */
export interface ProtobufField {
  readonly field: number;
  /** For numbers. */
  readonly value: number;
  /** For strings, messages and packed numbers; empty for a number. */
  readonly bytes: Uint8Array;
}

/** @throws RangeError when the bytes are no message */
export function* protobufFields(bytes: Uint8Array): Generator<ProtobufField> {
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    const tag = readVarint(reader);
    // Others would read its last 32 bits, and so another field.
    if (tag >= 2 ** 32) throw new RangeError('no protocol buffer: a field has no number');
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { field, value: readVarint(reader), bytes: none };
        break;
      case 1:
        yield { field, value: NaN, bytes: take(reader, 8) };
        break;
      case 2:
        yield { field, value: NaN, bytes: take(reader, readVarint(reader)) };
        break;
      case 5:
        yield { field, value: NaN, bytes: take(reader, 4) };
        break;
      default:
        throw new RangeError(`no protocol buffer: wire type ${tag % 8} at byte ${reader.at}`);
    }
  }
}

/** The last value of a message field, as protocol buffers define it; empty where there is none. */
export function protobufMessage(bytes: Uint8Array, field: number): Uint8Array {
  let found: Uint8Array = none;
  for (const entry of protobufFields(bytes)) if (entry.field === field) found = entry.bytes;
  return found;
}

export function protobufText(bytes: Uint8Array, field: number): string {
  return Buffer.from(protobufMessage(bytes, field)).toString('utf8');
}

/** A repeated integer, packed or not. @throws RangeError for more than `most` of them */
export function protobufIntegers(bytes: Uint8Array, field: number, most: number): number[] {
  const integers: number[] = [];
  const push = (integer: number): void => {
    if (integers.push(integer) > most)
      throw new RangeError(`no protocol buffer of ours: more than ${most} numbers in a list`);
  };
  for (const entry of protobufFields(bytes)) {
    if (entry.field !== field) continue;
    if (!Number.isNaN(entry.value)) push(entry.value);
    const packed = { bytes: entry.bytes, at: 0 };
    while (packed.at < packed.bytes.length) push(readVarint(packed));
  }
  return integers;
}

const none = new Uint8Array(0);

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

/**
 * Negative numbers, which are written as 2^64 − n, come back that large and inexact: no field read
 * here is meant to hold one.
 */
function readVarint(reader: Reader): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined || factor > 2 ** 63)
      throw new RangeError('no protocol buffer: a number does not end');
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
}

function take(reader: Reader, length: number): Uint8Array {
  if (reader.at + length > reader.bytes.length)
    throw new RangeError('no protocol buffer: it ends too early');
  reader.at += length;
  return reader.bytes.subarray(reader.at - length, reader.at);
}
