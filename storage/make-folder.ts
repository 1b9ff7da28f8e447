/**
 * Makes a folder and those above it. Node's own `mkdir` with `recursive` reports ENOENT for a
 * read-only file system, which reads as if a retry could help, and never ends below /proc, where no
 * folder can be made.
 */
import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** @param mode of the folders that are made, reduced by the process's umask */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    return await makeOne(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  await makeFolder(dirname(path), mode);
  await makeOne(path, mode);
}

/** Those that `makeFolder` would make, outermost first. */
export function missingFolders(path: string): string[] {
  if (existsSync(path) || dirname(path) === path) return [];
  return [...missingFolders(dirname(path)), path];
}

async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!(await stat(path)).isDirectory())
      throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${path}'`), {
        code: 'ENOTDIR',
      });
  }
}
