/**
 * Objects of which the reader knows the hash: they are read from the local copy if there is one,
 * and returned only if the hash matches. A damaged copy is deleted and fetched again; the caller
 * quarantines an object that is damaged in the store.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { ObjectMissing, sha256, type Store } from './store';

/** @returns null if the object is missing or damaged */
export async function readVerified(
  store: Store,
  key: string,
  expectedSha256: string,
): Promise<Uint8Array | null> {
  return await fromVerifiedFile(store, key, async (path) => {
    const bytes = await readFile(path);
    return sha256(bytes) === expectedSha256 ? bytes : null;
  });
}

/** As `readVerified`, without holding it in memory. */
export async function isVerified(
  store: Store,
  key: string,
  expectedSha256: string,
): Promise<boolean> {
  const found = await fromVerifiedFile(store, key, async (path) =>
    (await fileSha256(path)) === expectedSha256 ? true : null,
  );
  return found !== null;
}

/** Of the object itself, not of a local copy, and without holding it; null where it is missing. */
export async function objectSha256(store: Store, key: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const part of store.stream(key)) hash.update(part);
  } catch (error) {
    if (error instanceof ObjectMissing) return null;
    throw error;
  }
  return hash.digest('hex');
}

async function fromVerifiedFile<T>(
  store: Store,
  key: string,
  look: (path: string) => Promise<T | null>,
): Promise<T | null> {
  const path = await localFile(store, key);
  const found = path === null ? null : await look(path);
  if (path === null || found !== null || !isCopy(store, path)) return found;
  await rm(path, { force: true });
  const again = await localFile(store, key);
  return again === null ? null : await look(again);
}

async function localFile(store: Store, key: string): Promise<string | null> {
  return await store.localFile(key, { immutable: true }).catch((error: unknown) => {
    if (error instanceof ObjectMissing) return null;
    throw error;
  });
}

function isCopy(store: Store, path: string): boolean {
  return !path.startsWith(store.uri);
}

/** @param onPart called for each megabyte; may throw to give up */
export async function fileSha256(
  path: string,
  onPart: () => void = () => undefined,
): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(part as Buffer);
    onPart();
  }
  return hash.digest('hex');
}
