/**
 * Something to read, wherever it is: a local file, an object of a bucket, a resource of a web
 * server. Audio and tables come in through here.
 */
import type { RetryOptions } from '../retry';
import type { ByteRange } from '../../ced/corpus/address';

export interface Source {
  /** For messages: no credentials, no query. */
  readonly name: string;
  /** The present version; null if there is none. */
  describe(): Promise<SourceVersion | null>;
  /**
   * Bytes of `range`, or all.
   * @param memory may be what the first bytes are read into: the caller's again when it is done
   *   with them
   * @throws {SourceUnreadable} where nothing is there or it changed meanwhile
   */
  read(range?: ByteRange, memory?: Uint8Array): AsyncIterable<Uint8Array>;
}

export interface SourceVersion {
  /** Changes when the content does. */
  fingerprint: string;
  /** null where the place does not say. */
  bytes: number | null;
}

export interface SourceOptions {
  /**
   * `https://` may reach loopback, link-local and private addresses, and plain `http://` is read at
   * all. @default false
   */
  allowPrivateHosts?: boolean;
  /** Project that pays for requests to requester-pays buckets of Google's. */
  userProject?: string | undefined;
  /** Agrees to pay for requests to requester-pays buckets of S3. @default false */
  requesterPays?: boolean | undefined;
  /** Where `hf://org/repo/file` leads. @default https://huggingface.co */
  hub?: string;
  /** A secret, which only requests to the hub carry: a function, so that it is never printed. */
  hubToken?: () => string;
  /**
   * A longer clip is refused (`tooLong`), as soon as its header says so or that much was decoded.
   * @default 3600
   */
  longestClipSeconds?: number;
  /** Clips of a shard that are read and decoded at once; so many are held at most. @default 4 */
  clipsAtOnce?: number;
  /**
   * Of 16 kHz audio in one shard, which is in memory while it is made. At most, and
   * @default, 2 GiB
   */
  largestShardBytes?: number;
  /**
   * Milliseconds of waiting over which a web server must send a kilobyte a second. @default 120000
   */
  paceOverMs?: number;
  retry?: RetryOptions;
}

export const LONGEST_CLIP_SECONDS = 3600;
export const CLIPS_AT_ONCE = 4;
export const LARGEST_SHARD_BYTES = 2 ** 31;

/**
 * One source that cannot be read and will not be by waiting: the clip is rejected, or the table
 * refused.
 */
export class SourceUnreadable extends Error {
  override readonly name = 'SourceUnreadable';
}

/** @throws {SourceUnreadable} when it is longer than `maxBytes` */
export async function readSource(
  source: Source,
  maxBytes: number,
  range?: ByteRange,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of source.read(range)) {
    bytes += part.length;
    if (bytes > maxBytes)
      throw new SourceUnreadable(`${source.name}: longer than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
