/** An object of Google Cloud Storage; what stores and corpus sources share. */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import {
  CRC32C,
  type Bucket,
  type CreateReadStreamOptions,
  type File,
} from '@google-cloud/storage';
import { PermanentError } from '../../workflows/contract/failures';
import { BucketObject, type ObjectVersion, type RunningChecksum } from '../buckets/bucket-object';
import { contentBytes, contentSlice, type Content } from '../store';
import { uploadInSession } from './gcs-upload';
import { withRetry, type RetryOptions } from '../retry';

/** Smaller ones are sent in one request, and again when it breaks. */
const IN_SESSION_FROM_BYTES = 16 << 20;
const SUMMED_AT_ONCE_BYTES = 8 << 20;

export class GcsObject extends BucketObject {
  private readonly file: File;

  constructor(
    private readonly bucket: Bucket,
    private readonly path: string,
    retry: RetryOptions,
  ) {
    super(retry);
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

  async version(): Promise<ObjectVersion | null> {
    const metadata = await this.unlessMissing(() =>
      this.file.getMetadata().then(([found]) => found),
    );
    return (
      metadata && {
        id: String(metadata.generation),
        bytes: Number(metadata.size),
        // CRC32C as Google states it: base64 of four bytes, big-endian.
        checksum: metadata.crc32c ?? null,
      }
    );
  }

  protected async open(
    { id: generation }: ObjectVersion,
    from: number,
    end: number,
  ): Promise<AsyncIterable<Uint8Array>> {
    const file = this.bucket.file(this.path, { generation });
    return await Promise.resolve(
      file.createReadStream({ start: from, end: end - 1, ...this.asItLies }),
    );
  }

  protected newChecksum(): RunningChecksum {
    const sum = new CRC32C();
    return {
      update: (part) => sum.update(part as Buffer),
      toString: () => sum.toString(),
    };
  }

  isGone(error: unknown): boolean {
    return statusOf(error) === 404;
  }

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

  async copyTo(path: string): Promise<boolean> {
    return (await this.unlessMissing(() => this.file.copy(this.bucket.file(path)))) !== null;
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

  protected override explain(error: unknown): unknown {
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
