/**
 * A shard's rows as the teachers gave them, until a file for keeping is made of them
 * (shard-file.ts): quick to write, so that the GPU worker need not wait for compression. A
 * line of JSON, the table's columns as they lie in memory, and a SHA-256 of both.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FormatInvalid } from '../format-invalid';
import { createLogitTable, logitColumns, type LogitTable } from './logit-table';

const format = 'ced.rows/1';
const hashBytes = 32;
const headerSchema = z.object({
  format: z.literal(format),
  rows: z.number(),
  topK: z.number(),
  notes: z.unknown(),
});

/** @param notes plain data that goes with the rows. @returns the file in parts */
export function encodeRows(table: LogitTable, notes: unknown): Uint8Array[] {
  const { rows, topK } = table;
  const parts = [
    Buffer.from(JSON.stringify({ format, rows, topK, notes }) + '\n'),
    ...logitColumns.map((name) => bytesOf(table[name])),
  ];
  return [...parts, hashOf(parts)];
}

/** @throws FormatInvalid when one byte is not as it was written */
export function decodeRows(bytes: Uint8Array): { table: LogitTable; notes: unknown } {
  const body = bytes.subarray(0, -hashBytes);
  if (!hashOf([body]).equals(bytes.subarray(-hashBytes)))
    throw new FormatInvalid('logit rows', 'its bytes are not what was written');
  const headerEnd = body.indexOf(0x0a);
  const header = headerSchema.safeParse(
    JSON.parse(Buffer.from(body.subarray(0, headerEnd)).toString('utf8')),
  );
  if (!header.success) throw new FormatInvalid('logit rows', `its header is not that of ${format}`);
  const { rows, topK, notes } = header.data;
  const table = createLogitTable(rows, topK);
  let at = headerEnd + 1;
  for (const name of logitColumns) {
    const column = bytesOf(table[name]);
    column.set(body.subarray(at, at + column.length));
    at += column.length;
  }
  return { table, notes };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function hashOf(parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
