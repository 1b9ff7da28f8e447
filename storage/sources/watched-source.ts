/**
 * A source whose every part counts as a sign of life, and which gives no more of them once its
 * reader was told to stop.
 */
import type { ByteRange } from '../../ced/corpus/address';
import type { RetryOptions } from '../retry';
import type { Source, SourceVersion } from './source';

export class WatchedSource implements Source {
  readonly name: string;

  constructor(
    private readonly source: Source,
    private readonly watch: Pick<RetryOptions, 'signal' | 'onBytes'>,
  ) {
    this.name = source.name;
  }

  async describe(): Promise<SourceVersion | null> {
    this.watch.signal?.throwIfAborted();
    const version = await this.source.describe();
    this.watch.onBytes?.();
    return version;
  }

  async *read(range?: ByteRange, memory?: Uint8Array): AsyncGenerator<Uint8Array> {
    for await (const part of this.source.read(range, memory)) {
      this.watch.signal?.throwIfAborted();
      this.watch.onBytes?.();
      yield part;
    }
  }
}
