/**
 * The upload of a large object in parts: a part that broke off is sent again, the others stay. The
 * object appears with the last request, which carries the condition. Each part states its CRC32,
 * and the object's is asked for, so that it covers the bytes and not the parts' checksums.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import type { RetryOptions } from '../retry';
import { contentBytes, contentSlice, type Content } from '../store';
import { crc32Of } from './crc32';
import type { S3Bucket } from './s3-bucket';

/** At least 5 MiB, as the protocol wants; of 10,000 parts at most. */
const PART_BYTES = 8 << 20;
/** Requests that move slower than 100 kB/s are given up and sent again. */
const SLOWEST_BYTES_A_MS = 100;

export const CONTENT_TYPE = 'application/octet-stream';

/**
 * @throws {S3Failure} of status 412 when `createOnly` and the object is there, of code NoSuchUpload
 *   when the server does not know the upload any more
 */
export async function uploadInParts(
  bucket: S3Bucket,
  path: string,
  content: Content,
  { createOnly }: { createOnly: boolean },
  retry: RetryOptions,
): Promise<void> {
  const { UploadId } = await bucket.request(
    (client, place, abortSignal) =>
      client.send(
        new CreateMultipartUploadCommand({
          ...place,
          Key: path,
          ContentType: CONTENT_TYPE,
          ChecksumAlgorithm: 'CRC32',
          ChecksumType: 'FULL_OBJECT',
        }),
        { abortSignal },
      ),
    retry,
  );
  const upload = { Key: path, UploadId };
  try {
    const parts: CompletedPart[] = [];
    for (let from = 0; from < contentBytes(content); from += PART_BYTES) {
      const part = contentSlice(content, from, from + PART_BYTES);
      parts.push(
        await uploadPart(bucket, { ...upload, PartNumber: parts.length + 1 }, part, retry),
      );
      retry.onBytes?.();
    }
    await bucket.request(
      (client, place, abortSignal) =>
        client.send(
          new CompleteMultipartUploadCommand({
            ...place,
            ...upload,
            MultipartUpload: { Parts: parts },
            ...(createOnly ? { IfNoneMatch: '*' } : {}),
          }),
          { abortSignal },
        ),
      retry,
    );
  } catch (error) {
    // Parts that nothing ends would be kept, and paid for.
    await bucket
      .request(
        (client, place, abortSignal) =>
          client.send(new AbortMultipartUploadCommand({ ...place, ...upload }), { abortSignal }),
        { ...retry, retryForMs: 0 },
      )
      .catch(() => undefined);
    throw error;
  }
}

async function uploadPart(
  bucket: S3Bucket,
  which: { Key: string; UploadId: string | undefined; PartNumber: number },
  part: Uint8Array,
  retry: RetryOptions,
): Promise<CompletedPart> {
  const ChecksumCRC32 = crc32Of(part);
  const { ETag } = await bucket.request(
    (client, place, abortSignal) =>
      client.send(new UploadPartCommand({ ...place, ...which, Body: part, ChecksumCRC32 }), {
        abortSignal,
      }),
    allowing(part.length, retry),
  );
  return { ETag, PartNumber: which.PartNumber, ChecksumCRC32 };
}

/** The client does not report what leaves: a body may still be in transit. */
export function allowing(bytes: number, retry: RetryOptions): RetryOptions {
  return { ...retry, silenceMs: (retry.silenceMs ?? 30_000) + bytes / SLOWEST_BYTES_A_MS };
}
