/** From the run file's `store` to a door to bytes. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { PermanentError } from '../workflows/contract/failures';
import { FolderStore, type FolderStoreOptions } from './folder-store';
import { openGcs } from './gcs/gcs-client';
import { GcsStore } from './gcs/gcs-store';
import { GuardedStore } from './guarded-store';
import { openS3 } from './s3/s3-client';
import { S3Store } from './s3/s3-store';
import { ObjectCache } from './object-cache';
import type { RetryOptions } from './retry';
import type { Store } from './store';
import { parseBucketUri, withoutSlashesAtEnd } from '../ced/corpus/address';

export interface StoreOptions {
  /**
   * Folder of local copies: remote objects, and stored logits laid out for training. @default
   * ~/.cache/ced-distillation/objects
   */
  cacheFolder?: string;
  /** Size limit of that folder. @default 64 GiB */
  cacheBytes?: number;
  /** Project that pays for requests to requester-pays buckets of Google's. */
  userProject?: string | undefined;
  /** Agrees to pay for requests to requester-pays buckets of S3. @default false */
  requesterPays?: boolean | undefined;
  /**
   * Several users share the store's folder: the umask decides who may read and write it.
   * @default CED_SHARED_STORE=1 in the environment; else its owner alone
   */
  shared?: boolean;
  retry?: RetryOptions;
  /** Of a folder, see FolderStoreOptions. */
  beforeCommit?: () => Promise<void>;
}

/**
 * @param root where relative folders start.
 * @throws {PermanentError} RunFileInvalid for a kind of place that cannot be written
 */
export function openStore(root: string, uri: string, options: StoreOptions = {}): Store {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1];
  if (scheme === undefined) return new FolderStore(resolve(root, uri), folderOptions(options));
  const place = parseBucketUri(uri);
  if (place === null)
    throw new PermanentError(
      'RunFileInvalid',
      `store: ${uri} cannot be written, expected a folder, gs://bucket/prefix or ` +
        's3://bucket/prefix',
    );
  const { userProject, requesterPays = false, retry = {} } = options;
  const where = {
    bucket: place.bucket,
    prefix: withoutSlashesAtEnd(place.path.replace(/^\/+/, '')),
    cache: openObjectCache(options),
    retry,
  };
  return place.scheme === 's3'
    ? new S3Store({ ...where, client: openS3(), requesterPays })
    : new GcsStore({ ...where, client: openGcs(), userProject });
}

/**
 * A store whose changes may be refused: `beforeChange` is awaited before each of them and, in a
 * folder, once more right before an object appears.
 * @throws as `openStore`
 */
export function openGuardedStore(
  root: string,
  uri: string,
  options: StoreOptions,
  guard: { beforeChange: () => Promise<void>; after?: () => void },
): Store {
  const beforeCommit = guard.beforeChange;
  return new GuardedStore(openStore(root, uri, { ...options, beforeCommit }), guard);
}

function folderOptions({ retry, shared, beforeCommit }: StoreOptions): FolderStoreOptions {
  return {
    ...(retry === undefined ? {} : { retry }),
    ...(beforeCommit === undefined ? {} : { beforeCommit }),
    shared: shared ?? process.env['CED_SHARED_STORE'] === '1',
  };
}

export function openObjectCache({
  cacheFolder = join(homedir(), '.cache', 'ced-distillation', 'objects'),
  cacheBytes = 64 * 2 ** 30,
}: StoreOptions): ObjectCache {
  return new ObjectCache({ folder: cacheFolder, maxBytes: cacheBytes });
}

/** How a worker hands its options to its engine process. */
export function storeEnvironment({
  cacheFolder,
  cacheBytes,
  userProject,
  requesterPays,
}: StoreOptions): Record<string, string> {
  return {
    ...(cacheFolder === undefined ? {} : { CED_OBJECT_CACHE: cacheFolder }),
    ...(cacheBytes === undefined ? {} : { CED_OBJECT_CACHE_BYTES: String(cacheBytes) }),
    ...(userProject === undefined ? {} : { CED_USER_PROJECT: userProject }),
    ...(requesterPays ? { CED_REQUESTER_PAYS: '1' } : {}),
  };
}

/** The other end of `storeEnvironment`. */
export function storeOptionsFrom(environment: NodeJS.ProcessEnv): StoreOptions {
  const {
    CED_OBJECT_CACHE: cacheFolder,
    CED_OBJECT_CACHE_BYTES: cacheBytes,
    CED_USER_PROJECT: userProject,
    CED_REQUESTER_PAYS: requesterPays,
  } = environment;
  return {
    ...(cacheFolder ? { cacheFolder } : {}),
    ...(cacheBytes ? { cacheBytes: Number(cacheBytes) } : {}),
    ...(userProject ? { userProject } : {}),
    ...(requesterPays === '1' ? { requesterPays: true } : {}),
  };
}
