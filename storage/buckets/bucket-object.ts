/**
 * One object of a bucket, read with checks and retries: what the services have in common. Reads are
 * pinned to a version, resume from the byte where a transfer broke, and end with an error when
 * length or checksum differ.
 */
import { RetryPauses, resuming, type RetryOptions } from '../retry';
import { contentBytes, isContent, type Content } from '../store';

export interface ObjectVersion {
  /** Names this content under the object's address: a generation, an ETag. */
  id: string;
  bytes: number;
  /** Of the whole content, as the service states it; null where it states none that is known. */
  checksum: string | null;
}

/** A checksum over parts, written as the service writes it. */
export interface RunningChecksum {
  update(part: Uint8Array): void;
  toString(): string;
}

export abstract class BucketObject {
  abstract readonly uri: string;

  constructor(protected readonly retry: RetryOptions) {}

  /** null where there is no such object. */
  abstract version(): Promise<ObjectVersion | null>;
  /**
   * @returns false when `createOnly` and the object was there. The server itself refuses bytes
   *   that do not match their checksum.
   */
  abstract write(content: Content, options: { createOnly: boolean }): Promise<boolean>;
  /** Copies it within the bucket, on the server. @returns false where there is no such object */
  abstract copyTo(path: string): Promise<boolean>;
  abstract remove(): Promise<void>;

  /** Bytes `from` to before `end` of a version, `from` < `end`. */
  protected abstract open(
    version: ObjectVersion,
    from: number,
    end: number,
  ): Promise<AsyncIterable<Uint8Array>>;
  protected abstract newChecksum(): RunningChecksum;
  /** Whether an error says that the version is no more. */
  abstract isGone(error: unknown): boolean;

  /** An error of a transfer as it is thrown. */
  protected explain(error: unknown): unknown {
    return error;
  }

  /** Whole content, checked. null where there is no such object. */
  async read(): Promise<Buffer | null> {
    return await this.ofCurrentVersion(async (version) => {
      const parts: Uint8Array[] = [];
      for await (const part of this.stream(version)) parts.push(part);
      return Buffer.concat(parts);
    });
  }

  /** Whether it is a content; null where there is no such object. */
  async holds(content: Content): Promise<boolean | null> {
    return await this.ofCurrentVersion(
      async (version) =>
        version.bytes === contentBytes(content) && (await isContent(this.stream(version), content)),
    );
  }

  private async ofCurrentVersion<T>(
    read: (version: ObjectVersion) => Promise<T>,
  ): Promise<T | null> {
    const waiting = new RetryPauses(this.retry);
    for (;;) {
      const version = await this.version();
      if (version === null) return null;
      try {
        return await read(version);
      } catch (error) {
        // Replaced or removed between the two requests: begin again with what is there now.
        if (!this.isGone(error)) throw error;
        await waiting.after(
          Object.assign(new Error(`${this.uri} was replaced while it was read`), { code: 503 }),
        );
      }
    }
  }

  /** One version's bytes; ends with an error, not with `return`, when length or checksum differ. */
  async *stream(version: ObjectVersion): AsyncGenerator<Uint8Array> {
    const sum = this.newChecksum();
    for await (const part of this.part(version, 0, version.bytes)) {
      sum.update(part);
      yield part;
    }
    if (version.checksum !== null && sum.toString() !== version.checksum)
      throw this.damaged(
        `${version.bytes} bytes arrived that do not have its checksum ${version.checksum}`,
      );
  }

  /** Bytes from `offset` on, of one version. No checksum covers a part; its length is checked. */
  async *part(version: ObjectVersion, offset: number, length: number): AsyncGenerator<Uint8Array> {
    const end = Math.min(version.bytes, offset + length);
    const open = async (from: number): Promise<AsyncIterable<Uint8Array>> =>
      // A range that starts at the end is refused (416).
      offset + from >= end ? nothing() : await this.open(version, offset + from, end);
    let bytes = 0;
    try {
      for await (const part of resuming(open, this.retry)) {
        bytes += part.length;
        yield part;
      }
    } catch (error) {
      throw this.explain(error);
    }
    if (bytes !== end - offset)
      throw this.damaged(`${bytes} bytes arrived of ${end - offset} from byte ${offset} on`);
  }

  private damaged(what: string): Error {
    return Object.assign(new Error(`${this.uri}: ${what}`), { code: 'EBADMSG' });
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
