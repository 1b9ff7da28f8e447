/** Tells whether a relative path leads to the same files below two roots, without reading all. */
import { createHash, type Hash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expandBraces } from '../../ced/corpus/brace-pattern';
import { isLocalPattern, localFiles, pathPattern } from './path-pattern';

/** Of one path, whatever number of files it names. */
const MOST_BYTES = 2 ** 24;
const DIGITS = 12;

/**
 * @param path a file, a folder of files or a pattern of tables
 * @returns null where nothing that can be read is there
 */
export async function fileFingerprint(root: string, path: string): Promise<string | null> {
  try {
    const hash = createHash('sha256');
    let left = MOST_BYTES;
    for (const name of expandBraces(path))
      for (const file of await filesAt(resolve(root, name)))
        left -= await addFile(hash, file, left);
    return hash.digest('hex').slice(0, DIGITS);
  } catch {
    return null;
  }
}

/** What matches it; itself; or the files of a folder, as of a model. @throws where nothing is */
async function filesAt(place: string): Promise<string[]> {
  if (await isLocalPattern(place)) {
    const pattern = pathPattern(place);
    const found = (await localFiles(pattern)).filter(pattern.matches);
    if (found.length === 0) throw new Error(`no file matches ${place}`);
    return found;
  }
  if (!(await stat(place)).isDirectory()) return [place];
  return (await readdir(place)).sort().map((name) => join(place, name));
}

/** @returns bytes that were read */
async function addFile(hash: Hash, place: string, most: number): Promise<number> {
  const found = await stat(place);
  if (!found.isFile()) return 0;
  hash.update(`${found.size}\n`);
  const file = await open(place);
  try {
    const bytes = Buffer.alloc(Math.min(most, found.size));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    hash.update(bytes.subarray(0, bytesRead));
    return bytesRead;
  } finally {
    await file.close();
  }
}
