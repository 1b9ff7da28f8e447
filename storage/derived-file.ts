/**
 * A file that a machine computes once and keeps among its local copies. A damaged file is computed
 * again.
 */
import { rm } from 'node:fs/promises';
import type { ObjectCache } from './object-cache';

/**
 * @param identity names one immutable content
 * @param read returns null if the file is damaged
 */
export async function readDerived<T>(
  cache: ObjectCache,
  identity: string,
  compute: () => AsyncIterable<Uint8Array>,
  read: (path: string) => Promise<T | null>,
): Promise<T> {
  for (let tries = 0; tries < 2; tries++) {
    const path = await cache.file(identity, compute);
    const found = await read(path);
    if (found !== null) return found;
    await rm(path, { force: true });
  }
  throw new Error(
    'what this machine keeps for itself is damaged as soon as it is written; look at the ' +
      'disk of --cache',
  );
}
