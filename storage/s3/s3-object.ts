/**
 * An object of an S3 bucket; what stores and corpus sources share. A version is an ETag, which
 * every read states as its condition. Every upload states its CRC32.
 */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { BucketObject, type ObjectVersion } from '../buckets/bucket-object';
import { RetryPauses, type RetryOptions } from '../retry';
import { contentBytes, contentSlice, type Content } from '../store';
import { Crc32, crc32Of } from './crc32';
import { S3Failure, type S3Bucket, type Send } from './s3-bucket';
import { allowing, CONTENT_TYPE, uploadInParts } from './s3-upload';

/** Smaller ones are sent in one request, and again when it breaks. */
const IN_PARTS_FROM_BYTES = 16 << 20;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class S3Object extends BucketObject {
  constructor(
    private readonly bucket: S3Bucket,
    private readonly path: string,
    retry: RetryOptions,
  ) {
    super(retry);
  }

  get uri(): string {
    return `${this.bucket.uri}/${this.path}`;
  }

  async version(): Promise<ObjectVersion | null> {
    const found = await this.unlessMissing(() =>
      this.bucket.request(
        (client, place, abortSignal) =>
          client.send(
            new HeadObjectCommand({ ...place, Key: this.path, ChecksumMode: 'ENABLED' }),
            { abortSignal },
          ),
        this.retry,
      ),
    );
    if (found === null) return null;
    const { ETag: id = '', ContentLength: bytes = 0, ChecksumCRC32, ChecksumType } = found;
    // That of an upload in parts may be one of the parts' checksums, `…-3`, instead of the bytes.
    const isWhole = ChecksumType !== 'COMPOSITE' && !ChecksumCRC32?.includes('-');
    return { id, bytes, checksum: (isWhole && ChecksumCRC32) || null };
  }

  protected async open(
    { id, bytes }: ObjectVersion,
    from: number,
    end: number,
  ): Promise<AsyncIterable<Uint8Array>> {
    const range = from === 0 && end === bytes ? {} : { Range: `bytes=${from}-${end - 1}` };
    // Ends the wait for an answer, but not the transfer of the body after it.
    const request = new AbortController();
    const { silenceMs = 30_000 } = this.retry;
    const late = setTimeout(() => request.abort(), Math.min(silenceMs, LONGEST_TIMER_MS));
    try {
      const { Body } = await this.bucket.send(
        (client, place, abortSignal) =>
          client.send(new GetObjectCommand({ ...place, Key: this.path, IfMatch: id, ...range }), {
            abortSignal,
          }),
        request.signal,
      );
      return Body as AsyncIterable<Uint8Array>;
    } finally {
      clearTimeout(late);
    }
  }

  protected newChecksum(): Crc32 {
    return new Crc32();
  }

  isGone(error: unknown): boolean {
    return isStatus(error, 404) || isStatus(error, 412);
  }

  async write(content: Content, { createOnly }: { createOnly: boolean }): Promise<boolean> {
    const total = contentBytes(content);
    try {
      if (total > IN_PARTS_FROM_BYTES) return await this.writeInParts(content, createOnly);
      const bytes = contentSlice(content, 0, total);
      let isRepeated = false;
      return await this.bucket.request(
        async (client, place, abortSignal) => {
          // A server that refuses a body unread may break the connection before its answer arrives.
          if (createOnly && isRepeated && (await this.isThere(client, place, abortSignal)))
            return false;
          isRepeated = true;
          await client.send(
            new PutObjectCommand({
              ...place,
              Key: this.path,
              Body: bytes,
              ContentType: CONTENT_TYPE,
              ChecksumCRC32: crc32Of(bytes),
              ...(createOnly ? { IfNoneMatch: '*' } : {}),
            }),
            { abortSignal },
          );
          return true;
        },
        allowing(total, this.retry),
      );
    } catch (error) {
      if (createOnly && isStatus(error, 412)) return false;
      throw error;
    }
  }

  private async isThere(...[client, place, abortSignal]: Parameters<Send<void>>): Promise<boolean> {
    return await client
      .send(new HeadObjectCommand({ ...place, Key: this.path }), { abortSignal })
      .then(
        () => true,
        (error: { $metadata?: { httpStatusCode?: number } }) => {
          if (error.$metadata?.httpStatusCode === 404) return false;
          throw error;
        },
      );
  }

  private async writeInParts(content: Content, createOnly: boolean): Promise<boolean> {
    const waiting = new RetryPauses(this.retry);
    for (;;) {
      // The condition holds when the upload ends; this only saves sending the bytes.
      if (createOnly && (await this.version()) !== null) return false;
      try {
        await uploadInParts(this.bucket, this.path, content, { createOnly }, this.retry);
        return true;
      } catch (error) {
        // Also the answer to the repeated end of an upload, when the first answer was lost.
        if (!(error instanceof S3Failure) || error.code !== 'NoSuchUpload') throw error;
        await waiting.after(
          Object.assign(new Error('the server lost the upload'), { status: 503, cause: error }),
        );
      }
    }
  }

  async copyTo(path: string): Promise<boolean> {
    const copied = await this.unlessMissing(() =>
      this.bucket.request(
        (client, place, abortSignal) =>
          client.send(
            new CopyObjectCommand({
              ...place,
              Key: path,
              CopySource: [place.Bucket, ...this.path.split('/')].map(encodeURIComponent).join('/'),
            }),
            { abortSignal },
          ),
        this.retry,
      ),
    );
    return copied !== null;
  }

  async remove(): Promise<void> {
    await this.unlessMissing(() =>
      this.bucket.request(
        (client, place, abortSignal) =>
          client.send(new DeleteObjectCommand({ ...place, Key: this.path }), { abortSignal }),
        this.retry,
      ),
    );
  }

  private async unlessMissing<T>(request: () => Promise<T>): Promise<T | null> {
    try {
      return await request();
    } catch (error) {
      if (isStatus(error, 404)) return null;
      throw error;
    }
  }
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof S3Failure && error.status === status;
}
