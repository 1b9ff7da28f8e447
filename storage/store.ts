/**
 * The door to bytes. A store holds immutable objects under `/`-separated keys; the truth of a run
 * lives here and nowhere else.
 *
 * Commit protocol (design, invariant 2): data first, manifest last, create-only. A second writer of
 * the same content succeeds, a writer of different content is refused, so a retry after a lost
 * reply meets its own object and a zombie can change nothing.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../ced/canonical-json';

/** An object's content, whole or in parts: a large one need not be copied together. */
export type Content = Uint8Array | readonly Uint8Array[];

export type CreateOutcome = 'created' | 'present';

export interface Store {
  /** The folder or URI, for messages and results. */
  readonly uri: string;
  /** Bytes of an object, or null where there is none. */
  read(key: string): Promise<Uint8Array | null>;
  exists(key: string): Promise<boolean>;
  /**
   * Creates an object, never replaces one. `present` when the same bytes are already there.
   * @throws {ContentDiffers} when other bytes are there.
   */
  create(key: string, content: Content, options?: CreateOptions): Promise<CreateOutcome>;
  /** Replaces an object atomically. Only for the latest copies under `runs/<name>/`. */
  replace(key: string, bytes: Uint8Array): Promise<void>;
  /** Keys that start with `prefix`, sorted. */
  list(prefix: string): Promise<string[]>;
  remove(key: string): Promise<void>;
  /** An object's bytes in parts, for what may be larger than memory. @throws {ObjectMissing} */
  stream(key: string): AsyncIterable<Uint8Array>;
  /** Gives an object another key, whatever lies there. Nothing happens where there is none. */
  move(key: string, to: string): Promise<void>;
  /** Everything there, half-written objects that a crash left included. For housekeeping. */
  inventory(): Promise<StoredObject[]>;
  /**
   * Path of a local file with the object's bytes, for reads at an offset. @throws {ObjectMissing}
   */
  localFile(key: string, options?: LocalOptions): Promise<string>;
}

export interface CreateOptions {
  /**
   * Keeps a local copy of a remote object, which `localFile` finds: this machine will probably read
   * it next.
   */
  keepCopy?: boolean;
}

export interface LocalOptions {
  /**
   * The caller compares the hash: a local copy is returned without a request for the newest
   * generation.
   */
  immutable?: boolean;
}

export interface StoredObject {
  key: string;
  bytes: number;
  /** By the clock of the store, since 1970. */
  modifiedMs: number;
}

/** Another writer committed other bytes under the same key. */
export class ContentDiffers extends Error {
  constructor(readonly key: string) {
    super(`${key}: other content is already committed there`);
    this.name = 'ContentDiffers';
  }
}

/** An object that a manifest promises is not there. */
export class ObjectMissing extends Error {
  constructor(
    readonly key: string,
    uri: string,
  ) {
    super(`${uri}: ${key} is missing`);
    this.name = 'ObjectMissing';
  }
}

export function sha256(content: Content | string): string {
  const hash = createHash('sha256');
  for (const part of partsOf(content)) hash.update(part);
  return hash.digest('hex');
}

/** Whether parts that arrive are a content, byte by byte. Reads no further than the difference. */
export async function isContent(
  arriving: AsyncIterable<Uint8Array>,
  content: Content,
): Promise<boolean> {
  const expected = partsOf(content).filter((part) => part.length > 0);
  let [part, at] = [0, 0];
  for await (const found of arriving)
    for (let done = 0; done < found.length;) {
      const own = expected[part]?.subarray(at, at + found.length - done);
      if (!own || Buffer.compare(own, found.subarray(done, done + own.length)) !== 0) return false;
      done += own.length;
      at += own.length;
      if (at === expected[part]?.length) [part, at] = [part + 1, 0];
    }
  return part === expected.length;
}

export function partsOf<T extends Uint8Array | string>(content: T | readonly T[]): readonly T[] {
  return content instanceof Array ? content : [content];
}

export function contentBytes(content: Content): number {
  return partsOf(content).reduce((sum, part) => sum + part.length, 0);
}

/** Bytes from `from` up to `to`: a view where one part holds them, else a copy of so many. */
export function contentSlice(content: Content, from: number, to: number): Uint8Array {
  const found: Uint8Array[] = [];
  let start = 0;
  for (const part of partsOf(content)) {
    const own = part.subarray(Math.max(0, from - start), Math.max(0, to - start));
    if (own.length > 0) found.push(own);
    start += part.length;
  }
  return found.length === 1 ? found[0]! : Buffer.concat(found);
}

export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(canonicalJson(value) + '\n');
}
