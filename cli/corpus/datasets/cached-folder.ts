/**
 * A folder in the cache that is made once: of an archive's files, or of shards without their gzip.
 * It is written aside and renamed when it is complete.
 */
import { readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../../infra/command-line/usage-error';
import { makeFolder } from '../../../storage/make-folder';

/** An archive never fills the disk. */
const SHARE_OF_FREE_SPACE = 0.9;
/** Of a cache that cannot be written to. */
const UNWRITABLE = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EFBIG'];
const notesSchema = z.array(z.string());

export interface CachedFolder {
  folder: string;
  /** What was left out that may have been meant, a sentence each. */
  notes: string[];
}

/**
 * @param source what it is made of, for messages
 * @param identity changes when its content does
 * @param make writes into a folder; `free` are the bytes that it may write
 * @throws {UsageError} where the cache cannot be written to, and whatever `make` throws
 */
export async function cachedFolder(
  cache: string,
  source: string,
  identity: string,
  make: (folder: string, free: number) => Promise<string[]>,
): Promise<CachedFolder> {
  const name = createHash('sha256').update(identity).digest('hex').slice(0, 16);
  const folder = join(cache, 'datasets', name);
  const known = await complete(folder);
  if (known) return known;
  const aside = `${folder}.${process.pid}`;
  try {
    await removeAbandoned(folder);
    await makeFolder(aside, 0o700).catch((error: unknown) => {
      throw notUnpacked(source, folder, error);
    });
    const { bavail, bsize } = await statfs(aside);
    const notes = await make(aside, Math.floor(bavail * bsize * SHARE_OF_FREE_SPACE));
    // Another program may have been faster.
    const other = await complete(folder);
    if (other) {
      await rm(aside, { recursive: true, force: true });
      return other;
    }
    // Where its notes were removed, more may have been.
    await rm(folder, { recursive: true, force: true });
    await writeFile(notesOf(folder), JSON.stringify(notes));
    await rename(aside, folder);
    return { folder, notes };
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    const { code = '' } = error as NodeJS.ErrnoException;
    throw UNWRITABLE.includes(code) ? notUnpacked(source, folder, error) : error;
  }
}

function notUnpacked(source: string, folder: string, error: unknown): UsageError {
  return new UsageError(
    `ced init: ${source} cannot be unpacked into ${dirname(folder)}: ` +
      `${(error as Error).message}; free space there, or name another place with CED_CACHE`,
    { cause: error },
  );
}

function notesOf(folder: string): string {
  return `${folder}.json`;
}

/** null where nothing is, or the notes were removed or damaged since. */
async function complete(folder: string): Promise<CachedFolder | null> {
  try {
    const notes = notesSchema.parse(JSON.parse(await readFile(notesOf(folder), 'utf8')));
    return (await stat(folder)).isDirectory() ? { folder, notes } : null;
  } catch {
    return null;
  }
}

/** What programs had begun that were killed. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(dirname(folder)).catch(() => []);
  for (const name of names) {
    const [, pid] = new RegExp(`^${basename(folder)}\\.(\\d+)$`).exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

/** Another program; this one does not run twice. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
