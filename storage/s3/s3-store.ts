/**
 * A store in a bucket of Amazon S3 or of a server that speaks its protocol. Creation is
 * `If-None-Match: *`; 412 means that an object is there.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
import { ListObjectsV2Command, type ListObjectsV2Output, type S3Client } from '@aws-sdk/client-s3';
import { BucketStore, type BucketStoreOptions } from '../buckets/bucket-store';
import type { StoredObject } from '../store';
import { S3Bucket } from './s3-bucket';
import { S3Object } from './s3-object';

export interface S3StoreOptions extends BucketStoreOptions {
  client: S3Client;
  /** Agrees to pay for requests to a requester-pays bucket. @default false */
  requesterPays?: boolean;
}

export class S3Store extends BucketStore {
  private readonly bucket: S3Bucket;

  constructor({ client, requesterPays = false, ...place }: S3StoreOptions) {
    super('s3', place);
    this.bucket = new S3Bucket(client, place.bucket, requesterPays);
  }

  protected objectAt(path: string): S3Object {
    return new S3Object(this.bucket, path, this.retry);
  }

  /** Page by page: each has its own retries. */
  protected async objectsUnder(start: string): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    for (let after: string | null = ''; after !== null;) {
      const continued: { ContinuationToken?: string } =
        after === '' ? {} : { ContinuationToken: after };
      const page: ListObjectsV2Output = await this.bucket.request(
        (client, place, abortSignal) =>
          client.send(new ListObjectsV2Command({ ...place, Prefix: start, ...continued }), {
            abortSignal,
          }),
        this.retry,
      );
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
        found.push({ key: Key, bytes: Size, modifiedMs: LastModified?.getTime() ?? 0 });
      after = page.NextContinuationToken ?? null;
    }
    return found;
  }
}
