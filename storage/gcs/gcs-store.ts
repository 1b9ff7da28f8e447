/**
 * A store in a Google Cloud Storage bucket. Creation is `ifGenerationMatch: 0`; 412 means that an
 * object is there. https://cloud.google.com/storage/docs/request-preconditions
 */
import type { Bucket, Storage } from '@google-cloud/storage';
import { BucketStore, type BucketStoreOptions } from '../buckets/bucket-store';
import { bucketMissing, explainGcsError, GcsObject, statusOf } from './gcs-object';
import { withRetry } from '../retry';
import type { StoredObject } from '../store';

export interface GcsStoreOptions extends BucketStoreOptions {
  client: Storage;
  /** Project that pays for requests to a requester-pays bucket. */
  userProject?: string | undefined;
}

export class GcsStore extends BucketStore {
  private readonly bucket: Bucket;

  constructor({ client, userProject, ...place }: GcsStoreOptions) {
    super('gs', place);
    this.bucket = client.bucket(place.bucket, userProject === undefined ? {} : { userProject });
  }

  protected objectAt(path: string): GcsObject {
    return new GcsObject(this.bucket, path, this.retry);
  }

  /**
   * Page by page: each has its own retries. Where fields are chosen the client gives them as they
   * came, not as files.
   */
  protected async objectsUnder(prefix: string): Promise<StoredObject[]> {
    const fields = 'items(name,size,updated),nextPageToken';
    const found: StoredObject[] = [];
    try {
      for (let page: object | null = { prefix, fields, autoPaginate: false }; page !== null;) {
        const asked: object = page;
        const [files, next] = (await withRetry(
          () => this.bucket.getFiles(asked),
          this.retry,
        )) as unknown as [{ name: string; size: string; updated: string }[], object | null];
        for (const { name, size, updated } of files)
          found.push({ key: name, bytes: Number(size), modifiedMs: Date.parse(updated) });
        page = next ?? null;
      }
    } catch (error) {
      // A folder without objects is an empty list: what is missing is the bucket.
      if (statusOf(error) === 404) throw bucketMissing(this.bucket.name, error);
      throw explainGcsError(this.bucket.name, error);
    }
    return found;
  }
}
