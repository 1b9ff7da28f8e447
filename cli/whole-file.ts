/**
 * Files at places that the user named. A file is written under another name and gets its own when
 * it is complete; of several, none does before all are. What fails leaves no half of a file behind.
 */
import { open, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { irregularKind } from '../storage/sources/irregular-file';
import { makeFolder, missingFolders } from '../storage/make-folder';
import { UsageError } from '../infra/command-line/usage-error';
import { unwritable } from './unwritable';

export class WholeFile {
  private length = 0;
  private state: 'open' | 'complete' | 'ended' = 'open';

  private constructor(
    readonly path: string,
    private readonly partial: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws {UsageError} where it cannot be written; an existing file will be replaced */
  static async create(path: string): Promise<WholeFile> {
    const found = await stat(path).catch(() => null);
    const what = found ? irregularKind(found)?.what : path.endsWith('/') ? 'a folder' : undefined;
    if (what) throw new UsageError(`${path} cannot be written: it is ${what}; name a file`);
    const partial = `${path}.${process.pid}`;
    try {
      return new WholeFile(path, partial, await open(partial, 'w'));
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** @throws {UsageError} */
  async append(bytes: Uint8Array): Promise<void> {
    await this.writeAt(bytes, this.length);
    this.length += bytes.length;
  }

  /** Writes at the beginning. @throws {UsageError} */
  async overwrite(bytes: Uint8Array): Promise<void> {
    await this.writeAt(bytes, 0);
  }

  /** Gives files their names. @throws {UsageError}; then none of them is left unfinished */
  static async finish(files: readonly WholeFile[]): Promise<void> {
    try {
      for (const file of files) await file.close();
      for (const file of files) await file.rename();
    } catch (error) {
      await WholeFile.discard(files);
      throw error;
    }
  }

  /** Removes what is not finished. */
  static async discard(files: readonly WholeFile[]): Promise<void> {
    for (const file of files) await file.remove();
  }

  private async close(): Promise<void> {
    this.state = 'complete';
    await this.handle.close().catch((error: unknown) => this.fail(error));
  }

  private async rename(): Promise<void> {
    await rename(this.partial, this.path).catch((error: unknown) => this.fail(error));
    this.state = 'ended';
  }

  private async remove(): Promise<void> {
    if (this.state === 'ended') return;
    if (this.state === 'open') await this.handle.close().catch(() => undefined);
    this.state = 'ended';
    await rm(this.partial, { force: true });
  }

  private async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.handle
        .write(bytes, at, undefined, position + at)
        .catch((error: unknown) => this.fail(error));
      at += bytesWritten;
    }
  }

  private fail(error: unknown): never {
    throw unwritable(this.path, error);
  }
}

/** Path and content. */
type FileContent = readonly [string, Uint8Array | string];

/**
 * All of them, in folders that are made where they are missing.
 * @throws {UsageError}; then no file and no folder is left that was not there
 */
export async function writeWhole(contents: readonly FileContent[]): Promise<void> {
  const files: WholeFile[] = [];
  const folders: string[] = [];
  try {
    for (const [path, content] of contents) {
      const folder = dirname(path);
      folders.push(...missingFolders(folder));
      await makeFolder(folder).catch((error: unknown) => {
        throw unwritable(folder, error);
      });
      const file = await WholeFile.create(path);
      files.push(file);
      await file.append(typeof content === 'string' ? Buffer.from(content) : content);
    }
    await WholeFile.finish(files);
  } catch (error) {
    await WholeFile.discard(files);
    for (const folder of folders.reverse()) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** By their names in the folder. */
export type FolderFiles = Readonly<Record<string, Uint8Array | string>>;

/** As `writeWhole`; other files of the folder stay. */
export async function writeFolder(folder: string, files: FolderFiles): Promise<void> {
  await writeWhole(Object.entries(files).map(([name, content]) => [join(folder, name), content]));
}
