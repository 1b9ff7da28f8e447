/** An object of a bucket, read-only and in one version, whatever service holds it. */
import type { ByteRange } from '../../ced/corpus/address';
import type { BucketObject, ObjectVersion } from '../buckets/bucket-object';
import { SourceUnreadable, type Source, type SourceVersion } from './source';

export class BucketSource implements Source {
  readonly name: string;
  private known: Promise<ObjectVersion | null> | null = null;

  constructor(
    private readonly object: BucketObject,
    private readonly fingerprint: (version: ObjectVersion) => string,
  ) {
    this.name = object.uri;
  }

  async describe(): Promise<SourceVersion | null> {
    const version = await this.version();
    return version && { fingerprint: this.fingerprint(version), bytes: version.bytes };
  }

  async *read(range?: ByteRange): AsyncGenerator<Uint8Array> {
    const version = await this.version();
    if (version === null) throw new SourceUnreadable(`no such object: ${this.name}`);
    const end = range ? range.offset + range.bytes : 0;
    if (end > version.bytes) throw new SourceUnreadable(`${this.name} ends before byte ${end}`);
    try {
      yield* range
        ? this.object.part(version, range.offset, range.bytes)
        : this.object.stream(version);
    } catch (error) {
      if (!this.object.isGone(error)) throw error;
      throw new SourceUnreadable(`${this.name} was replaced while it was read`);
    }
  }

  private async version(): Promise<ObjectVersion | null> {
    this.known ??= this.object.version();
    return await this.known;
  }
}
