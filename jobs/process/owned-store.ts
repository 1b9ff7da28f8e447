/**
 * A store that asks before every change whether this process may still make it. Reads go through.
 */
import type {
  Content,
  CreateOptions,
  CreateOutcome,
  LocalOptions,
  Store,
  StoredObject,
} from '../../storage/store';

export class OwnedStore implements Store {
  readonly uri: string;

  /** @param pass resolves when the change may be made, rejects when not */
  constructor(
    private readonly store: Store,
    private readonly pass: () => Promise<void>,
  ) {
    this.uri = store.uri;
  }

  read(key: string): Promise<Uint8Array | null> {
    return this.store.read(key);
  }

  exists(key: string): Promise<boolean> {
    return this.store.exists(key);
  }

  list(prefix: string): Promise<string[]> {
    return this.store.list(prefix);
  }

  inventory(): Promise<StoredObject[]> {
    return this.store.inventory();
  }

  localFile(key: string, options?: LocalOptions): Promise<string> {
    return this.store.localFile(key, options);
  }

  async create(key: string, content: Content, options?: CreateOptions): Promise<CreateOutcome> {
    await this.pass();
    return await this.store.create(key, content, options);
  }

  async replace(key: string, bytes: Uint8Array): Promise<void> {
    await this.pass();
    await this.store.replace(key, bytes);
  }

  async remove(key: string): Promise<void> {
    await this.pass();
    await this.store.remove(key);
  }
}
