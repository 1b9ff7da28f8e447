/**
 * A folder of the authors' published logits: which passes it holds, what its files hash to, and
 * their rows on demand. A few files are kept in memory, because neighbouring clips mostly stand in
 * the same ones.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatInvalid } from '../../ced/format-invalid';
import {
  parsePublishedName,
  type PublishedRows,
  type PublishedSpans,
} from '../../ced/logits/published/published-file';
import { PermanentError } from '../../workflows/contract/failures';
import type { Decoded, DecodingKind } from '../../storage/reader/decodings';
import { readApart } from '../../storage/reader/read-apart';
import type { RetryOptions } from '../../storage/retry';
import { fileSha256 } from '../../storage/verified-object';

export interface PublishedPart {
  /** Number of the pass over the corpus, from 0: a view. */
  readonly view: number;
  readonly rank: number;
  /** Path without its ending. */
  readonly path: string;
}

export class PublishedSource {
  private readonly held = new Map<number, PublishedRows>();
  /** SHA-256 of each file that `fingerprint` covers. */
  private readonly hashes = new Map<string, string>();

  private constructor(
    readonly folder: string,
    /** Sorted by view, then rank. */
    readonly parts: readonly PublishedPart[],
    readonly views: number,
    private readonly retry: RetryOptions,
  ) {}

  /**
   * @param retry how reading is reported, and ended
   * @throws {PermanentError} RunFileInvalid when the folder cannot be read, holds no such files
   *   or lacks a pass
   */
  static async open(folder: string, retry: RetryOptions = {}): Promise<PublishedSource> {
    const names = await readdir(folder).catch((error: unknown) => {
      throw invalid(
        `${folder} cannot be read (${(error as NodeJS.ErrnoException).code}), expected a ` +
          'folder of logits_ep*.h5 and .parquet',
      );
    });
    const parts = names
      .flatMap((name) => {
        const parsed = parsePublishedName(name);
        return parsed
          ? [
              {
                view: parsed.pass - 1,
                rank: parsed.rank,
                path: join(folder, name.slice(0, -'.h5'.length)),
              },
            ]
          : [];
      })
      .sort((a, b) => a.view - b.view || a.rank - b.rank);
    if (parts.length === 0) throw invalid(`${folder} holds no logits_ep*.h5`);
    const views = new Set(parts.map(({ view }) => view));
    for (let view = 0; view < views.size; view++)
      if (!views.has(view))
        throw invalid(`${folder} holds ${views.size} passes, but not logits_ep${view + 1}_*.h5`);
    return new PublishedSource(folder, parts, views.size, retry);
  }

  /** Names the content: equal folders give equal values. Calls `onFile` for each finished file. */
  async fingerprint(onFile: () => Promise<void>): Promise<(string | number)[][]> {
    const files: (string | number)[][] = [];
    for (const part of this.parts) {
      files.push([
        part.view,
        part.rank,
        await this.hash(`${part.path}.h5`),
        await this.hash(`${part.path}.parquet`),
      ]);
      await onFile();
    }
    return files;
  }

  async spans(part: PublishedPart): Promise<PublishedSpans> {
    return await this.decoded('publishedSpans', `${part.path}.parquet`);
  }

  async rows(index: number): Promise<PublishedRows> {
    const held = this.held.get(index);
    if (held) return held;
    const part = this.parts[index];
    if (!part) throw new Error(`${this.folder} has no part ${index}`);
    const rows = await this.decoded('publishedRows', `${part.path}.h5`);
    const oldest = this.held.keys().next();
    if (this.held.size >= 2 * this.views && oldest.done === false) this.held.delete(oldest.value);
    this.held.set(index, rows);
    return rows;
  }

  private async hash(path: string): Promise<string> {
    const hash = await fileSha256(path, () => this.moved()).catch(unreadable(path));
    this.hashes.set(path, hash);
    return hash;
  }

  private moved(): void {
    this.retry.signal?.throwIfAborted();
    this.retry.onBytes?.();
  }

  /** What the fingerprint covers, and no other bytes. */
  private async decoded<K extends DecodingKind>(kind: K, path: string): Promise<Decoded<K>> {
    const { value, sha256 } = await readApart(kind, path, 'published logits', {
      retry: this.retry,
    }).catch(unreadable(path));
    if (this.hashes.has(path) && sha256 !== this.hashes.get(path))
      throw invalid(`${path} changed while it was imported`);
    return value;
  }
}

function unreadable(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof FormatInvalid) throw invalid(error.detail);
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : invalid(`${path} cannot be read (${code})`);
  };
}

function invalid(detail: string): PermanentError {
  return new PermanentError('RunFileInvalid', `logits.published: ${detail}`);
}
