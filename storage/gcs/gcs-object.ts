/**
 * One object of a bucket, read and written with checks and retries; what stores and corpus sources
 * share.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import {
  CRC32C,
  type Bucket,
  type CreateReadStreamOptions,
  type File,
} from '@google-cloud/storage';
import { PermanentError } from '../../workflows/contract/failures';
import { contentBytes, contentSlice, isContent, type Content } from '../store';
import { uploadInSession } from './gcs-upload';
import { withRetry, resuming, RetryPauses, type RetryOptions } from '../retry';

export interface GcsVersion {
  generation: string;
  bytes: number;
  /**
   * CRC32C as Google states it: base64 of four bytes, big-endian; null where the object has none.
   */
  crc32c: string | null;
}

/** Smaller ones are sent in one request, and again when it breaks. */
const IN_SESSION_FROM_BYTES = 16 << 20;
const SUMMED_AT_ONCE_BYTES = 8 << 20;

export class GcsObject {
  private readonly file: File;

  constructor(
    private readonly bucket: Bucket,
    private readonly path: string,
    private readonly retry: RetryOptions,
  ) {
    this.file = bucket.file(path);
  }

  get uri(): string {
    return `gs://${this.bucket.name}/${this.path}`;
  }

  /** The client forgets the project that pays when it streams. */
  private get asItLies(): CreateReadStreamOptions {
    const { userProject } = this.bucket;
    return {
      decompress: false,
      validation: false,
      ...(userProject === undefined ? {} : { userProject }),
    };
  }

  /** null where there is no such object. */
  async version(): Promise<GcsVersion | null> {
    const metadata = await this.unlessMissing(() =>
      this.file.getMetadata().then(([found]) => found),
    );
    return (
      metadata && {
        generation: String(metadata.generation),
        bytes: Number(metadata.size),
        crc32c: metadata.crc32c ?? null,
      }
    );
  }

  /** Whole content, checked against the object's CRC32C. null where there is no such object. */
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

  private async ofCurrentVersion<T>(read: (version: GcsVersion) => Promise<T>): Promise<T | null> {
    const waiting = new RetryPauses(this.retry);
    for (;;) {
      const version = await this.version();
      if (version === null) return null;
      try {
        return await read(version);
      } catch (error) {
        // Replaced or removed between the two requests: begin again with what is there now.
        if (statusOf(error) !== 404) throw error;
        await waiting.after(
          Object.assign(new Error(`${this.uri} was replaced while it was read`), { code: 503 }),
        );
      }
    }
  }

  /**
   * One version's bytes; ends with an error, not with `return`, when length or CRC32C differ. A
   * broken transfer goes on where it stopped.
   */
  async *stream(version: GcsVersion): AsyncGenerator<Uint8Array> {
    const file = this.bucket.file(this.path, { generation: version.generation });
    const open = async (from: number): Promise<AsyncIterable<Uint8Array>> =>
      // A range that starts at the end is refused (416).
      from >= version.bytes ? nothing() : file.createReadStream({ start: from, ...this.asItLies });
    const sum = new CRC32C();
    let bytes = 0;
    try {
      for await (const part of resuming(open, this.retry)) {
        sum.update(part as Buffer);
        bytes += part.length;
        yield part;
      }
    } catch (error) {
      throw this.explain(error);
    }
    if (bytes !== version.bytes || (version.crc32c !== null && sum.toString() !== version.crc32c))
      throw Object.assign(
        new Error(
          `${this.uri}: ${bytes} bytes arrived that do not match its ${version.bytes} bytes ` +
            `with CRC32C ${version.crc32c}`,
        ),
        { code: 'EBADMSG' },
      );
  }

  /** Bytes from `offset` on, of one version. No sum covers a part; its length is checked. */
  async *part(version: GcsVersion, offset: number, length: number): AsyncGenerator<Uint8Array> {
    const file = this.bucket.file(this.path, { generation: version.generation });
    const end = Math.min(version.bytes, offset + length);
    const open = async (from: number): Promise<AsyncIterable<Uint8Array>> =>
      offset + from >= end
        ? nothing()
        : file.createReadStream({ start: offset + from, end: end - 1, ...this.asItLies });
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
      throw Object.assign(
        new Error(`${this.uri}: ${bytes} bytes arrived of ${end - offset} from byte ${offset} on`),
        { code: 'EBADMSG' },
      );
  }

  /**
   * @returns false when `createOnly` and the object was there. The server itself refuses bytes
   *   that do not match their CRC32C.
   */
  async write(content: Content, { createOnly }: { createOnly: boolean }): Promise<boolean> {
    const options = {
      metadata: {
        contentType: 'application/octet-stream',
        crc32c: await crc32c(content, this.retry),
        ...(createOnly ? {} : { cacheControl: 'no-store' }),
      },
      ...(createOnly ? { preconditionOpts: { ifGenerationMatch: 0 } } : {}),
    };
    const file = this.bucket.file(this.path);
    try {
      const total = contentBytes(content);
      if (total > IN_SESSION_FROM_BYTES)
        await uploadInSession(
          () => file.createResumableUpload(options).then(([session]) => session),
          content,
          this.retry,
        );
      else {
        const { buffer, byteOffset, byteLength } = contentSlice(content, 0, total);
        const data = Buffer.from(buffer, byteOffset, byteLength);
        const { silenceMs = 30_000 } = this.retry;
        // The client's own check deletes an object that differs; correctness must not depend on a
        // delete, so the request states the checksum instead.
        await withRetry(
          (alive) =>
            file.save(data, {
              ...options,
              resumable: false,
              validation: false,
              onUploadProgress: alive,
            }),
          {
            ...this.retry,
            // Progress counts bytes handed to the connection: a part may still be in transit, at
            // 100 kB/s or more.
            silenceMs: silenceMs + total / 100,
          },
        );
      }
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      if (statusOf(error) === 404 && (await this.bucketIsMissing()))
        throw bucketMissing(this.bucket.name, error);
      throw this.explain(error);
    }
  }

  /** Copies it within the bucket, on the server. @returns false where there is no such object */
  async copyTo({ file }: GcsObject): Promise<boolean> {
    return (await this.unlessMissing(() => this.file.copy(file))) !== null;
  }

  async remove(): Promise<void> {
    await this.unlessMissing(() => this.file.delete({ ignoreNotFound: true }));
  }

  /** false where the account may not ask: a lost upload session is a 404 too. */
  private async bucketIsMissing(): Promise<boolean> {
    return await this.bucket.exists().then(
      ([exists]) => !exists,
      () => false,
    );
  }

  private async unlessMissing<T>(request: () => Promise<T>): Promise<T | null> {
    try {
      return await withRetry(request, this.retry);
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw this.explain(error);
    }
  }

  private explain(error: unknown): unknown {
    return explainGcsError(this.bucket.name, error);
  }
}

/**
 * Refusals that no retry can fix, as permanent errors of one line; anything else as it is. No
 * credential is in them.
 */
export function explainGcsError(bucket: string, error: unknown): unknown {
  const { message = '' } = error as { message?: string };
  const status = statusOf(error);
  const line = message.split('\n', 1)[0]?.slice(0, 200) ?? '';
  if (status === 401 || status === 403)
    return new PermanentError(
      'StorageDenied',
      `gs://${bucket}: access denied (${status}: ${line}); give the worker's account the ` +
        'role Storage Object User, and name --user-project for a bucket whose requester pays',
    );
  if (/default credentials/i.test(message))
    return new PermanentError(
      'StorageDenied',
      `gs://${bucket}: no credentials found; run \`gcloud auth application-default login\`, ` +
        'or set GOOGLE_APPLICATION_CREDENTIALS',
    );
  return error;
}

export function bucketMissing(bucket: string, cause: unknown): PermanentError {
  return new PermanentError(
    'StorageDenied',
    `gs://${bucket}: there is no such bucket; create it, or name another`,
    { cause },
  );
}

/** In between it yields and reports: the sum of gigabytes takes seconds. */
async function crc32c(content: Content, { onBytes, signal }: RetryOptions): Promise<string> {
  // `CRC32C.from(bytes)` would take the bytes for a finished sum.
  const sum = new CRC32C();
  const total = contentBytes(content);
  for (let from = 0; from < total; from += SUMMED_AT_ONCE_BYTES) {
    sum.update(contentSlice(content, from, from + SUMMED_AT_ONCE_BYTES) as Buffer);
    if (total <= SUMMED_AT_ONCE_BYTES) break;
    await yieldToEventLoop();
    signal?.throwIfAborted();
    onBytes?.();
  }
  return sum.toString();
}

export function statusOf(error: unknown): number {
  const { code, status } = error as { code?: unknown; status?: unknown };
  return Number(code ?? status);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
