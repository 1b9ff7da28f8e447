/** A good file that was made to lie, and what its reader may make of it. */
import { createHash } from 'node:crypto';
import type { Draws } from '../draws';

export interface Forgery {
  bytes: Buffer;
  /** What was changed, for people. */
  lies: readonly string[];
  /**
   * Digests of what a reader may give; refusing is always allowed. null where the lie makes it
   * another file that nobody else here can read: then two readings must agree.
   */
  readings: readonly string[] | null;
}

export interface StructuredFormat {
  /** A file without a lie, with what it must be read as. */
  good: Forgery;
  /** It is read beside every so many-th file. @default 1 */
  goodEvery?: number;
  forge(draws: Draws): Promise<Forgery>;
  /**
   * Reads as the pipeline does.
   * @param name of the file, in messages
   * @returns the digest of what was read
   */
  read(bytes: Buffer, name: string): Promise<string>;
}

/** A short digest of bytes or of anything that JSON can hold. */
export function digestOf(value: unknown): string {
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each));
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
