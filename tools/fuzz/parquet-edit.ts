/**
 * Changes what a Parquet file says of itself: fields of its footer, and of the header of the first
 * page of each column. Fields have the numbers of parquet.thrift; what is not changed stays.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { ByteWriter } from 'hyparquet-writer';
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js';

/** A struct of Thrift: `field_1` and so on; numbers of 64 bits are bigints. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as deep and as mixed as the format
export type ThriftStruct = Record<`field_${number}`, any>;

export interface ParquetEdit {
  /** FileMetaData: schema = 2, num_rows = 3, row_groups = 4. */
  footer?: (footer: ThriftStruct) => void;
  /** PageHeader: sizes = 2 and 3, data_page_header = 5, dictionary = 7, data_page_header_v2 = 8. */
  page?: (header: ThriftStruct, column: number) => void;
}

export function editParquet(bytes: Uint8Array, { footer, page }: ParquetEdit): Uint8Array {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const footerBytes = whole.readUInt32LE(whole.length - 8);
  const footerStart = whole.length - 8 - footerBytes;
  const metadata = thriftAt(bytes, footerStart).value;
  const parts: Buffer[] = [Buffer.from('PAR1')];
  let written = 4;
  for (const group of list(metadata['field_4']))
    for (const [index, column] of list(group['field_1']).entries()) {
      const chunk = column['field_3'] as ThriftStruct;
      const start = Number(chunk['field_11'] ?? chunk['field_9']);
      const length = Number(chunk['field_7']);
      const { value: header, end } = thriftAt(bytes, start);
      page?.(header, index);
      const content = Buffer.concat([encoded(header), whole.subarray(end, start + length)]);
      const moved = BigInt(written - start);
      for (const field of ['field_9', 'field_11'] as const)
        if (chunk[field] !== undefined) chunk[field] = (chunk[field] as bigint) + moved;
      chunk['field_7'] = BigInt(content.length);
      parts.push(content);
      written += content.length;
    }
  footer?.(metadata);
  const last = encoded(metadata);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(last.length);
  return Buffer.concat([...parts, last, length, Buffer.from('PAR1')]);
}

export function list(value: unknown): ThriftStruct[] {
  return (value ?? []) as ThriftStruct[];
}

function thriftAt(bytes: Uint8Array, at: number): { value: ThriftStruct; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = { view, offset: at };
  const value = deserializeTCompactProtocol(reader);
  return { value, end: reader.offset };
}

function encoded(value: ThriftStruct): Buffer {
  const writer = new ByteWriter(1000);
  serializeTCompactProtocol(writer, value);
  return Buffer.from(writer.getBytes());
}
