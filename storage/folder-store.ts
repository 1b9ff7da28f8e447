/**
 * A store in a local folder. Creation is a temporary file beside the target, fsync, `link` (EEXIST
 * = present), unlink, fsync of the folder: a reader sees a whole object or none, and a crash at any
 * point leaves at most a temporary file. On a full disk it waits.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { makeFolder } from './make-folder';
import { withRetry, type RetryOptions } from './retry';
import {
  ContentDiffers,
  isContent,
  ObjectMissing,
  partsOf,
  type Content,
  type CreateOutcome,
  type Store,
  type StoredObject,
} from './store';

const TEMPORARY = '.writing-';
/** Read or written in one piece: every piece is a trip to another thread. */
const PIECE_BYTES = 16 << 20;
/** A piece of an object that is not held whole. */
const STREAMED_BYTES = 1 << 20;
/** A slow disk takes minutes to sync gigabytes, without a sign of life. */
const SYNCED_AT_ONCE_BYTES = 64 << 20;

/** Whom a store's files and folders are made for: their owner, or all whom the umask lets in. */
const MODES = {
  owner: { file: 0o600, folder: 0o700 },
  umask: { file: 0o666, folder: 0o777 },
} as const;

export interface FolderStoreOptions {
  retry?: RetryOptions;
  /** Several users share the folder: the umask says what each may do. @default false */
  shared?: boolean;
  /**
   * Awaited when an object is written and synced, right before it appears under its key: seconds
   * may have passed since the change began. It does not appear when this rejects.
   */
  beforeCommit?: () => Promise<void>;
}

export class FolderStore implements Store {
  readonly uri: string;
  private readonly retry: RetryOptions;
  private readonly modes: (typeof MODES)[keyof typeof MODES];
  private readonly beforeCommit: (() => Promise<void>) | undefined;

  constructor(folder: string, options: FolderStoreOptions = {}) {
    const { retry = {}, shared = false, beforeCommit } = options;
    this.beforeCommit = beforeCommit;
    this.modes = shared ? MODES.umask : MODES.owner;
    this.uri = resolve(folder);
    // A disk that is waited for is told from a hung one by the bytes that come and go.
    this.retry = { ...retry, silenceMs: Infinity };
  }

  async read(key: string): Promise<Uint8Array | null> {
    try {
      return await this.readWhole(this.path(key));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async exists(key: string): Promise<boolean> {
    return access(this.path(key), constants.R_OK).then(
      () => true,
      () => false,
    );
  }

  async create(key: string, content: Content): Promise<CreateOutcome> {
    return await withRetry(() => this.createOnce(key, content), this.retry);
  }

  private async createOnce(key: string, content: Content): Promise<CreateOutcome> {
    const target = this.path(key);
    const temporary = await this.writeBeside(target, content);
    try {
      await this.beforeCommit?.();
      await link(temporary, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (!(await isContent(this.pieces(target), content))) throw new ContentDiffers(key);
      return 'present';
    } finally {
      await rm(temporary, { force: true });
    }
    await syncFolder(dirname(target));
    return 'created';
  }

  async replace(key: string, bytes: Uint8Array): Promise<void> {
    const target = this.path(key);
    await withRetry(() => this.replaceOnce(target, bytes), this.retry);
    await syncFolder(dirname(target));
  }

  private async replaceOnce(target: string, bytes: Uint8Array): Promise<void> {
    const temporary = await this.writeBeside(target, bytes);
    try {
      await this.beforeCommit?.();
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async list(prefix: string): Promise<string[]> {
    const folder = this.path(prefix.slice(0, prefix.lastIndexOf('/') + 1) || '.');
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
      (error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      },
    );
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith(TEMPORARY))
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(this.uri.length + 1)
          .split(sep)
          .join('/'),
      )
      .filter((key) => key.startsWith(prefix))
      .sort();
  }

  async inventory(): Promise<StoredObject[]> {
    const entries = await readdir(this.uri, { recursive: true, withFileTypes: true }).catch(
      (error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      },
    );
    const objects: StoredObject[] = [];
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      // null: it has gone since it was listed.
      const found = await stat(path).catch(() => null);
      const key = relative(this.uri, path).split(sep).join('/');
      if (found) objects.push({ key, bytes: found.size, modifiedMs: found.mtimeMs });
    }
    return objects;
  }

  async remove(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  async *stream(key: string): AsyncGenerator<Uint8Array> {
    if (!(await this.exists(key))) throw new ObjectMissing(key, this.uri);
    yield* this.pieces(this.path(key));
  }

  async move(key: string, to: string): Promise<void> {
    const [from, target] = [this.path(key), this.path(to)];
    await makeFolder(dirname(target), this.modes.folder);
    try {
      await rename(from, target);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    await syncFolder(dirname(target));
    await syncFolder(dirname(from));
  }

  async localFile(key: string): Promise<string> {
    if (!(await this.exists(key))) throw new ObjectMissing(key, this.uri);
    return this.path(key);
  }

  /** Keys come from manifests and run files: one that leaves the folder is refused. */
  private path(key: string): string {
    const path = resolve(this.uri, key);
    if (path !== this.uri && !path.startsWith(this.uri + sep))
      throw new Error(`${key}: a key must stay below ${this.uri}`);
    return path;
  }

  private async *pieces(path: string): AsyncGenerator<Uint8Array> {
    const file = await open(path, 'r');
    try {
      for (;;) {
        this.retry.signal?.throwIfAborted();
        const piece = Buffer.allocUnsafeSlow(STREAMED_BYTES);
        const { bytesRead } = await file.read(piece, 0, piece.length, null);
        if (bytesRead === 0) return;
        this.retry.onBytes?.();
        yield piece.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  private async readWhole(path: string): Promise<Buffer> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const bytes = Buffer.allocUnsafeSlow(size);
      for (let at = 0; at < size;) {
        // An object of one piece is read all the same: leases are released after an abort.
        if (at > 0) this.retry.signal?.throwIfAborted();
        const { bytesRead } = await file.read(bytes, at, Math.min(PIECE_BYTES, size - at), at);
        if (bytesRead === 0) return bytes.subarray(0, at);
        at += bytesRead;
        this.retry.onBytes?.();
      }
      return bytes;
    } finally {
      await file.close();
    }
  }

  private async writeBeside(target: string, content: Content): Promise<string> {
    const temporary = join(dirname(target), `${TEMPORARY}${process.pid}-${randomUUID()}`);
    const create = (): Promise<FileHandle> => open(temporary, 'wx', this.modes.file);
    const file = await create().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await makeFolder(dirname(target), this.modes.folder);
      return await create();
    });
    try {
      let [written, unsynced] = [0, 0];
      for (const part of partsOf(content))
        for (let at = 0; at < part.length;) {
          if (written > 0) this.retry.signal?.throwIfAborted();
          const length = Math.min(PIECE_BYTES, part.length - at);
          const { bytesWritten } = await file.write(part, at, length);
          at += bytesWritten;
          written += bytesWritten;
          unsynced += bytesWritten;
          if (unsynced >= SYNCED_AT_ONCE_BYTES) {
            await file.datasync();
            unsynced = 0;
          }
          this.retry.onBytes?.();
        }
      await file.sync();
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return temporary;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
