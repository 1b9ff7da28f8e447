/**
 * A store in a bucket, below a prefix: what the services have in common. The service refuses to
 * create an object that is there; its bytes then decide between success (a retry after a lost reply
 * meets its own object) and refusal. Workers share nothing but the bucket.
 */
import type { BucketObject, ObjectVersion } from './bucket-object';
import type { ObjectCache } from '../object-cache';
import type { RetryOptions } from '../retry';
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

export interface BucketStoreOptions {
  bucket: string;
  /** Without slashes at its ends; '' = the whole bucket. */
  prefix: string;
  /** Where `localFile` keeps its copies. */
  cache: ObjectCache;
  retry?: RetryOptions;
}

export abstract class BucketStore implements Store {
  readonly uri: string;
  protected readonly retry: RetryOptions;
  /** Of every path in the bucket. */
  private readonly start: string;

  constructor(
    scheme: 'gs' | 's3',
    private readonly place: BucketStoreOptions,
  ) {
    const { bucket, prefix, retry = {} } = place;
    this.uri = `${scheme}://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
    this.start = prefix === '' ? '' : `${prefix}/`;
    this.retry = retry;
  }

  /** @param path in the bucket */
  protected abstract objectAt(path: string): BucketObject;
  /** What lies under paths that start so; `key` is the path. @throws when the bucket is missing */
  protected abstract objectsUnder(start: string): Promise<StoredObject[]>;

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
    if (keepCopy) await this.place.cache.keep(object.uri, content).catch(() => undefined);
    return outcome;
  }

  private async createOnce(
    object: BucketObject,
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
    const found = await this.objectsUnder(this.start + prefix);
    return found.map(({ key }) => key.slice(this.start.length)).sort();
  }

  async inventory(): Promise<StoredObject[]> {
    const found = await this.objectsUnder(this.start);
    return found.map((object) => ({ ...object, key: object.key.slice(this.start.length) }));
  }

  async remove(key: string): Promise<void> {
    const object = this.object(key);
    await object.remove();
    await this.place.cache.forget(object.uri);
  }

  async *stream(key: string): AsyncGenerator<Uint8Array> {
    const object = this.object(key);
    yield* object.stream(await this.found(object, key));
  }

  async move(key: string, to: string): Promise<void> {
    if (await this.object(key).copyTo(this.pathOf(to))) await this.remove(key);
  }

  async localFile(key: string, { immutable = false }: LocalOptions = {}): Promise<string> {
    const object = this.object(key);
    const find = async (): Promise<ObjectVersion> => await this.found(object, key);
    if (immutable)
      return await this.place.cache.file(object.uri, async function* () {
        yield* object.stream(await find());
      });
    const version = await find();
    return await this.place.cache.file(`${object.uri}#${version.id}`, () => object.stream(version));
  }

  private async found(object: BucketObject, key: string): Promise<ObjectVersion> {
    const version = await object.version();
    if (version === null) throw new ObjectMissing(key, this.uri);
    return version;
  }

  private object(key: string): BucketObject {
    return this.objectAt(this.pathOf(key));
  }

  /**
   * Keys come from manifests and run files: one that would mean another place elsewhere is refused
   * here too.
   */
  private pathOf(key: string): string {
    if (key.split('/').some((part) => part === '' || part === '.' || part === '..'))
      throw new Error(`${key}: a key must stay below ${this.uri}`);
    return this.start + key;
  }
}
