/**
 * WebDataset shards that were gzipped: nothing can be read out of their middle, so each is unpacked
 * to a tar file in the cache once, in one pass, and that is read in place.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathOf } from '../../../ced/corpus/address';
import { openSource } from '../../../storage/sources/open-source';
import { SourceUnreadable, type SourceOptions } from '../../../storage/sources/source';
import { UsageError } from '../../../infra/command-line/usage-error';
import { cachedFolder } from './cached-folder';
import { gunzip } from './unpack';

export const GZIPPED_TAR = /\.(tar\.gz|tgz)$/i;

/**
 * @param place folder or address that all shards lie below
 * @returns the folder that they lie below now, and their paths
 * @throws {UsageError} for one that cannot be read
 */
export async function gunzipShards(
  place: string,
  shards: readonly string[],
  cache: string,
  sources: SourceOptions,
): Promise<{ folder: string; shards: string[] }> {
  const versions: string[] = [];
  for (const shard of shards) {
    const version = await unlessUnreadable(() => openSource(shard, sources).describe());
    versions.push(`${shard} ${version?.fingerprint ?? ''}`);
  }
  const below = shards.map((shard) =>
    pathOf(shard).slice(place.length).replace(/^\/+/, '').replace(GZIPPED_TAR, '.tar'),
  );
  const identity = ['gzipped shards 1', ...versions].join('\n');
  const { folder } = await cachedFolder(cache, place, identity, async (aside, free) => {
    let left = free;
    for (const [index, shard] of shards.entries()) {
      const to = join(aside, below[index]!);
      await mkdir(dirname(to), { recursive: true });
      const packed = openSource(shard, sources).read();
      left -= await unlessUnreadable(() => gunzip(packed, to, shard, left));
    }
    return [];
  });
  return { folder, shards: below.map((name) => join(folder, name)) };
}

async function unlessUnreadable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SourceUnreadable)) throw error;
    throw new UsageError(`ced init: ${error.message}`, { cause: error });
  }
}
