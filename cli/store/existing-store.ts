/** Opens a store that commands read: a wrong path is an error there, not an empty store. */
import { UsageError } from '../../infra/command-line/usage-error';
import { openStore } from '../../storage/open-store';
import type { Store } from '../../storage/store';

/** Folders that a run creates in a store, in the order in which it does. */
const FOLDERS = ['plans', 'ingest', 'models', 'runs', 'logits', 'training', 'audio', 'quarantine'];

/**
 * @param uri a folder, relative to the current one, or a bucket's address
 * @throws {UsageError} if no run has written anything there
 */
export async function openExistingStore(program: string, uri: string): Promise<Store> {
  const store = openStore(process.cwd(), uri);
  for (const folder of FOLDERS) if ((await store.list(`${folder}/`)).length > 0) return store;
  throw new UsageError(
    `${program}: ${store.uri} is not a store: it has no ${FOLDERS.slice(0, 3).join('/, ')}/ or ` +
      `${FOLDERS[3]}/; give the "store" of a run file`,
  );
}
