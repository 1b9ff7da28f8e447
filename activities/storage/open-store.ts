/** From the run file's `store` to a door to bytes. */
import { resolve } from 'node:path';
import { PermanentError } from '../../workflows/contract/failures';
import { FolderStore } from './folder-store';
import type { Store } from './store';

/** @param root where relative folders start. @throws {PermanentError} RunFileInvalid for a kind of place that cannot be written */
export function openStore(root: string, uri: string): Store {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1];
  if (scheme === undefined) return new FolderStore(resolve(root, uri));
  throw new PermanentError('RunFileInvalid', `store: ${scheme}:// cannot be written, expected a folder`);
}
