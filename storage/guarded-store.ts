/**
 * A store whose user may be refused, and is seen at work: before every operation or every change it
 * asks, after every operation it reports. Ownership, cancellation and signs of life come in here.
 */
import type {
  Content,
  CreateOptions,
  CreateOutcome,
  LocalOptions,
  Store,
  StoredObject,
} from './store';

export interface StoreGuard {
  /** Called before every operation, which does not begin when it throws. */
  before?(): void;
  /** Awaited before every change, which is not made when it rejects. */
  beforeChange?(): Promise<void>;
  /** Called after every operation that succeeded. */
  after?(): void;
}

export class GuardedStore implements Store {
  readonly uri: string;

  constructor(
    private readonly store: Store,
    private readonly guard: StoreGuard,
  ) {
    this.uri = store.uri;
  }

  read(key: string): Promise<Uint8Array | null> {
    return this.look(() => this.store.read(key));
  }

  exists(key: string): Promise<boolean> {
    return this.look(() => this.store.exists(key));
  }

  list(prefix: string): Promise<string[]> {
    return this.look(() => this.store.list(prefix));
  }

  inventory(): Promise<StoredObject[]> {
    return this.look(() => this.store.inventory());
  }

  localFile(key: string, options?: LocalOptions): Promise<string> {
    return this.look(() => this.store.localFile(key, options));
  }

  create(key: string, content: Content, options?: CreateOptions): Promise<CreateOutcome> {
    return this.change(() => this.store.create(key, content, options));
  }

  replace(key: string, bytes: Uint8Array): Promise<void> {
    return this.change(() => this.store.replace(key, bytes));
  }

  remove(key: string): Promise<void> {
    return this.change(() => this.store.remove(key));
  }

  async *stream(key: string): AsyncGenerator<Uint8Array> {
    this.guard.before?.();
    for await (const part of this.store.stream(key)) {
      this.guard.after?.();
      yield part;
      this.guard.before?.();
    }
  }

  move(key: string, to: string): Promise<void> {
    return this.change(() => this.store.move(key, to));
  }

  private async look<T>(operation: () => Promise<T>): Promise<T> {
    this.guard.before?.();
    const result = await operation();
    this.guard.after?.();
    return result;
  }

  private async change<T>(operation: () => Promise<T>): Promise<T> {
    return await this.look(async () => {
      await this.guard.beforeChange?.();
      return await operation();
    });
  }
}
