/**
 * Makes a folder and those above it. `mkdir` with `recursive` reports ENOENT for a read-only file
 * system, which reads as if a retry could help.
 * @param mode of the folders that are made, reduced by the process's umask
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeFolder(dirname(path), mode);
      return await makeFolder(path, mode);
    }
    if (code !== 'EEXIST') throw error;
    if (!(await stat(path)).isDirectory())
      throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${path}'`), {
        code: 'ENOTDIR',
      });
  }
}
