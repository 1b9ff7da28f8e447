/**
 * Stored JSON is read through records: a kind, the newest version that this program reads, and a
 * schema. A record that is torn, whose checksum does not hold, or that lacks a field or has one of
 * another type is damaged; a record of a later version is refused and left as it is. Unknown fields
 * of the same version are ignored, so that a version may gain optional ones. A record that names
 * its key is damaged under another key: this reveals objects that were exchanged together with
 * their data.
 */
import type { z } from 'zod';
import { StoreDamaged } from '../workflows/contract/damage';
import { PermanentError } from '../workflows/contract/failures';
import { schemaProblems } from '../workflows/contract/schema-problems';
import { decodeChecksummed, encodeChecksummed } from './checksum';
import { ObjectMissing, type Store } from './store';

export interface RecordFormat<T> {
  /** For messages: `audio shard manifest`. */
  readonly kind: string;
  /** The highest `formatVersion` that is read. A record without that field is of version 1. */
  readonly version: number;
  readonly schema: z.ZodType<T>;
}

export type RecordOf<F> = F extends RecordFormat<infer T> ? T : never;

export function record<T>(kind: string, version: number, schema: z.ZodType<T>): RecordFormat<T> {
  return { kind, version, schema };
}

/** Not the record that was written. Nothing is repaired here: callers remake what they can. */
export class RecordDamaged extends StoreDamaged {
  constructor(
    readonly key: string,
    uri: string,
    readonly why: string,
  ) {
    super(
      [],
      `${uri}: ${key} is damaged (${why}); restore it, or remove it and start the run again`,
    );
  }
}

/** A record with a checksum that covers the key it is for. @param value has no `storedAt` */
export function encodeRecord(key: string, value: object): Uint8Array {
  return encodeChecksummed({ ...value, storedAt: key });
}

/** Reads a record that must be there. @throws {ObjectMissing} and as `decodeRecord` */
export async function readRecord<T>(
  store: Store,
  key: string,
  format: RecordFormat<T>,
): Promise<T> {
  const value = await readRecordIfPresent(store, key, format);
  if (value === null) throw new ObjectMissing(key, store.uri);
  return value;
}

/** Reads a record, or null where there is none. @throws as `decodeRecord` */
export async function readRecordIfPresent<T>(
  store: Store,
  key: string,
  format: RecordFormat<T>,
): Promise<T | null> {
  const bytes = await store.read(key);
  return bytes === null ? null : decodeRecord(store, key, format, bytes).value;
}

/**
 * @returns the record, and whether it carried a checksum
 * @throws {RecordDamaged} naming the field
 * @throws {PermanentError} RecordTooNew: a later version of this program wrote it
 */
export function decodeRecord<T>(
  { uri }: Pick<Store, 'uri'>,
  key: string,
  { kind, version, schema }: RecordFormat<T>,
  bytes: Uint8Array,
): { value: T; checksummed: boolean } {
  const found = decodeChecksummed(bytes);
  if (typeof found === 'string') throw new RecordDamaged(key, uri, found);
  const written = versionOf(found.value);
  if (written > version)
    throw new PermanentError(
      'RecordTooNew',
      `${uri}: ${key}: formatVersion ${written}, this program reads a ${kind} up to ` +
        `${version}; run a version of it that is as new as the one that wrote this store`,
    );
  const place = placeOf(found.value);
  if (place !== null && place !== key)
    throw new RecordDamaged(key, uri, `it was written as ${place}`);
  const parsed = schema.safeParse(found.value);
  if (parsed.success) return { value: parsed.data, checksummed: found.checksummed };
  const [problem = ''] = schemaProblems(parsed.error, kind);
  throw new RecordDamaged(key, uri, problem);
}

function versionOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('formatVersion' in value)) return 1;
  return typeof value.formatVersion === 'number' ? value.formatVersion : 1;
}

/** The key that the record was written under; null where it names none. */
function placeOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('storedAt' in value)) return null;
  return typeof value.storedAt === 'string' ? value.storedAt : '';
}
