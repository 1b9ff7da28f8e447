/**
 * A store in a Google Cloud Storage bucket, below a prefix. Creation is `ifGenerationMatch: 0`; 412
 * means that an object is there, and its bytes decide between success (a retry after a lost reply
 * meets its own object) and refusal. Workers share nothing but the bucket.
 * https://cloud.google.com/storage/docs/request-preconditions
 */
import type { Bucket, Storage } from '@google-cloud/storage';
import { bucketMissing, explainGcsError, GcsObject, statusOf, type GcsVersion } from './gcs-object';
import type { ObjectCache } from '../object-cache';
import { withRetry, type RetryOptions } from '../retry';
import {
  ContentDiffers,
  ObjectMissing,
  type Content,
  type CreateOptions,
  type CreateOutcome,
  type LocalOptions,
  type Store,
  type StoredObject,
} from '../store';

export interface GcsStoreOptions {
  client: Storage;
  bucket: string;
  /** Without slashes at its ends; '' = the whole bucket. */
  prefix: string;
  /** Where `localFile` keeps its copies. */
  cache: ObjectCache;
  /** Project that pays for requests to a requester-pays bucket. */
  userProject?: string | undefined;
  retry?: RetryOptions;
}

export class GcsStore implements Store {
  readonly uri: string;
  private readonly bucket: Bucket;
  private readonly retry: RetryOptions;

  constructor(private readonly options: GcsStoreOptions) {
    this.uri = `gs://${options.bucket}${options.prefix === '' ? '' : `/${options.prefix}`}`;
    this.bucket = options.client.bucket(
      options.bucket,
      options.userProject === undefined ? {} : { userProject: options.userProject },
    );
    this.retry = options.retry ?? {};
  }

  async read(key: string): Promise<Uint8Array | null> {
    return await this.object(key).read();
  }

  async exists(key: string): Promise<boolean> {
    return (await this.object(key).version()) !== null;
  }

  async create(
    key: string,
    content: Content,
    { keepCopy = false }: CreateOptions = {},
  ): Promise<CreateOutcome> {
    const object = this.object(key);
    const outcome = await this.createOnce(object, key, content);
    // The object is committed, and a disk without room for its copy does not undo that.
    if (keepCopy) await this.options.cache.keep(object.uri, content).catch(() => undefined);
    return outcome;
  }

  private async createOnce(
    object: GcsObject,
    key: string,
    content: Content,
  ): Promise<CreateOutcome> {
    for (;;) {
      if (await object.write(content, { createOnly: true })) return 'created';
      const isSame = await object.holds(content);
      if (isSame === true) return 'present';
      if (isSame === false) throw new ContentDiffers(key);
      // null: it was removed since it was met.
    }
  }

  async replace(key: string, bytes: Uint8Array): Promise<void> {
    await this.object(key).write(bytes, { createOnly: false });
  }

  async list(prefix: string): Promise<string[]> {
    const start = this.options.prefix === '' ? '' : `${this.options.prefix}/`;
    const files = await this.files({ prefix: start + prefix, fields: 'items(name),nextPageToken' });
    return files.map((file) => file.name.slice(start.length)).sort();
  }

  async inventory(): Promise<StoredObject[]> {
    const start = this.options.prefix === '' ? '' : `${this.options.prefix}/`;
    const files = await this.files({
      prefix: start,
      fields: 'items(name,size,updated),nextPageToken',
    });
    return files.map(({ name, size, updated }) => ({
      key: name.slice(start.length),
      bytes: Number(size),
      modifiedMs: Date.parse(updated ?? ''),
    }));
  }

  /**
   * Page by page: each has its own retries. Where fields are chosen the client gives them as they
   * came, not as files.
   */
  private async files(query: {
    prefix: string;
    fields: string;
  }): Promise<{ name: string; size?: string; updated?: string }[]> {
    const files: { name: string; size?: string; updated?: string }[] = [];
    try {
      for (let page: object | null = { ...query, autoPaginate: false }; page !== null;) {
        const asked: object = page;
        const [found, next] = (await withRetry(
          () => this.bucket.getFiles(asked),
          this.retry,
        )) as unknown as [typeof files, object | null];
        files.push(...found);
        page = next ?? null;
      }
    } catch (error) {
      // A folder without objects is an empty list: what is missing is the bucket.
      if (statusOf(error) === 404) throw bucketMissing(this.options.bucket, error);
      throw explainGcsError(this.options.bucket, error);
    }
    return files;
  }

  async remove(key: string): Promise<void> {
    const object = this.object(key);
    await object.remove();
    await this.options.cache.forget(object.uri);
  }

  async *stream(key: string): AsyncGenerator<Uint8Array> {
    const object = this.object(key);
    const version = await object.version();
    if (version === null) throw new ObjectMissing(key, this.uri);
    yield* object.stream(version);
  }

  async move(key: string, to: string): Promise<void> {
    const [object, target] = [this.object(key), this.object(to)];
    if (await object.copyTo(target)) await this.remove(key);
  }

  async localFile(key: string, { immutable = false }: LocalOptions = {}): Promise<string> {
    const object = this.object(key);
    const found = async (): Promise<GcsVersion> => {
      const version = await object.version();
      if (version === null) throw new ObjectMissing(key, this.uri);
      return version;
    };
    if (immutable)
      return await this.options.cache.file(object.uri, async function* () {
        yield* object.stream(await found());
      });
    const version = await found();
    return await this.options.cache.file(`${object.uri}#${version.generation}`, () =>
      object.stream(version),
    );
  }

  /**
   * Keys come from manifests and run files: one that would mean another place elsewhere is refused
   * here too.
   */
  private object(key: string): GcsObject {
    if (key.split('/').some((part) => part === '' || part === '.' || part === '..'))
      throw new Error(`${key}: a key must stay below ${this.uri}`);
    return new GcsObject(
      this.bucket,
      this.options.prefix === '' ? key : `${this.options.prefix}/${key}`,
      this.retry,
    );
  }
}
