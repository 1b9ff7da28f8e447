/** The bytes of a recording while they are read: of a file, or of standard input. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import type { ByteParts } from '../../../ced/audio/byte-parts';
import { UsageError } from '../../../infra/command-line/usage-error';
import { irregularFile } from '../../../storage/sources/irregular-file';
import { withHeader, type RawFormat } from './raw-samples';

const PART_BYTES = 2 ** 18;

export interface AudioInput {
  readonly name: string;
  /** It can be opened as often as one likes, from the beginning. */
  readonly isFile: boolean;
  /** Of the whole; 0 where that is not known. */
  readonly bytes: number;
  /** Read so far. */
  readonly bytesRead: number;
  /** From the beginning. Of standard input, again only until `forget`. */
  open(): ByteParts;
  /** No one will open it again: what was read needs not be held. */
  forget(): void;
}

/**
 * @param raw of standard input: null where the bytes have a header
 * @param signal aborted: standard input ends with what has arrived
 */
export async function audioInput(
  file: string,
  raw: RawFormat | null,
  signal: AbortSignal,
): Promise<AudioInput> {
  if (file === '-') return new StandardInput(raw, signal);
  await requireRegular(file);
  const { size } = await stat(file);
  return new FileInput(file, size);
}

/** @throws {UsageError} for what would have to be waited for, or has no end */
export async function requireRegular(path: string): Promise<void> {
  const other = await irregularFile(path);
  if (other === null) return;
  throw new UsageError(
    `${other.what}, not a file; ${other.remedy}` +
      (other.isStream ? ', or pass it on standard input, to ced tag -' : ''),
  );
}

class FileInput implements AudioInput {
  readonly isFile = true;
  bytesRead = 0;

  constructor(
    readonly name: string,
    readonly bytes: number,
  ) {}

  async *open(): AsyncGenerator<Uint8Array> {
    this.bytesRead = 0;
    for await (const part of createReadStream(this.name, { highWaterMark: PART_BYTES })) {
      this.bytesRead += (part as Buffer).length;
      yield part as Buffer;
    }
  }

  forget(): void {
    return undefined;
  }
}

class StandardInput implements AudioInput {
  readonly name = '-';
  readonly isFile = false;
  readonly bytes = 0;
  bytesRead = 0;
  /** What was read, while it may be opened again. */
  private remembered: Uint8Array[] = [];
  private isForgotten = false;
  private readonly parts: AsyncIterator<Uint8Array>;

  constructor(
    private readonly raw: RawFormat | null,
    signal: AbortSignal,
  ) {
    const { stdin } = process;
    const through = new PassThrough({ highWaterMark: PART_BYTES });
    stdin.pipe(through);
    stdin.once('error', (error) => through.destroy(error));
    signal.addEventListener('abort', () => {
      stdin.unpipe(through);
      through.end();
    });
    this.parts = through[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  open(): ByteParts {
    return this.raw ? withHeader(this.all(), this.raw) : this.all();
  }

  forget(): void {
    this.isForgotten = true;
    this.remembered = [];
  }

  private async *all(): AsyncGenerator<Uint8Array> {
    yield* [...this.remembered];
    for (let next = await this.parts.next(); !next.done; next = await this.parts.next()) {
      if (!this.isForgotten) this.remembered.push(next.value);
      this.bytesRead += next.value.length;
      yield next.value;
    }
  }
}
