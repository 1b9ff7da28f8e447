/**
 * Where damaged objects go: `quarantine/<key>-<hash of what was found>`, so that the sound one can be created in their place and somebody can
 * look at what happened. Nothing reads them; `ced store gc` removes them.
 */
import { layout } from './layout';
import { sha256, type Store } from './store';

/**
 * Moves an object aside unless it is sound by now: another process may have mended it since the caller looked.
 * @returns what was found
 */
export async function setAside(
  store: Store,
  key: string,
  isSound: (bytes: Uint8Array) => boolean = () => false,
): Promise<'sound' | 'missing' | 'set aside'> {
  const bytes = await store.read(key);
  if (bytes === null) return 'missing';
  if (isSound(bytes)) return 'sound';
  await store.create(layout.quarantine(key, sha256(bytes)), bytes);
  await store.remove(key);
  return 'set aside';
}
