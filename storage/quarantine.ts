/**
 * Where damaged objects go: `quarantine/<key>-<hash of what was found>`, so that the sound one can
 * be created in their place and somebody can look at what happened. Nothing reads them; `ced store
 * gc` removes them.
 */
import { layout } from './layout';
import {
  ContentDiffers,
  JsonDamaged,
  readJsonIfPresent,
  sha256,
  type CreateOptions,
  type Store,
} from './store';

/**
 * Moves an object aside unless it is sound by now: another process may have mended it since the
 * caller looked.
 * @returns what was found
 */
export async function quarantine(
  store: Store,
  key: string,
  isVerified: (bytes: Uint8Array) => boolean = () => false,
): Promise<'sound' | 'missing' | 'set aside'> {
  const bytes = await store.read(key);
  if (bytes === null) return 'missing';
  if (isVerified(bytes)) return 'sound';
  await store.create(layout.quarantine(key, sha256(bytes)), bytes);
  await store.remove(key);
  return 'set aside';
}

/**
 * Creates an object whose place can hold nothing else that is sound: it is named by its content, or
 * nothing refers to it yet. What is there instead, left by a failing disk or by an attempt on
 * another kind of machine, is set aside.
 */
export async function createAnew(
  store: Store,
  key: string,
  bytes: Uint8Array,
  options?: CreateOptions,
): Promise<void> {
  try {
    await store.create(key, bytes, options);
  } catch (error) {
    if (!(error instanceof ContentDiffers)) throw error;
    await quarantine(store, key);
    await store.create(key, bytes, options);
  }
}

/**
 * JSON that can be made again: null where there is none, or where it was damaged and has been set
 * aside.
 */
export async function readJsonOrQuarantine<T>(store: Store, key: string): Promise<T | null> {
  try {
    return await readJsonIfPresent<T>(store, key);
  } catch (error) {
    if (!(error instanceof JsonDamaged)) throw error;
    await quarantine(store, key);
    return null;
  }
}

/**
 * Creates JSON whose first writer wins, whoever comes second adopting it, unless what the first has
 * left is damaged.
 * @returns what another writer has left there; null where these bytes stand
 */
export async function createJsonOrAdopt<T>(
  store: Store,
  key: string,
  bytes: Uint8Array,
): Promise<T | null> {
  try {
    await store.create(key, bytes);
    return null;
  } catch (error) {
    if (!(error instanceof ContentDiffers)) throw error;
    return (
      (await readJsonOrQuarantine<T>(store, key)) ?? (await createJsonOrAdopt<T>(store, key, bytes))
    );
  }
}
