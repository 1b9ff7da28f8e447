/** Stored objects that were exchanged, each with its manifest, as a mistaken copy does it. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { FolderStore } from '../../storage/folder-store';
import type { Store } from '../../storage/store';

type InFolder = Pick<FolderStore, 'uri' | 'list'>;

/** Two logit shards of one store; `draw` in [0, 1) chooses the first. */
export async function exchangeShards(store: InFolder, draw: number): Promise<void> {
  const shards = await logitShards(store);
  const first = Math.floor(draw * shards.length);
  const other = shards[(first + 1) % shards.length]!;
  for (const ending of ENDINGS) swap(store, shards[first]! + ending, store, other + ending);
}

/** All logits of two stores that hold the same audio under other keys. */
export async function exchangeStores(one: InFolder, other: InFolder): Promise<void> {
  const [own, foreign] = [await logitShards(one), await logitShards(other)];
  if (own.length === 0 || own.length !== foreign.length)
    throw new Error(`${own.length} logit shards here, ${foreign.length} in the other store`);
  for (const [at, shard] of own.entries())
    for (const ending of ENDINGS) swap(one, shard + ending, other, foreign[at]! + ending);
}

const ENDINGS = ['.parquet', '.json'] as const;

/** Keys without their ending, in the order of the audio's hashes. */
async function logitShards(store: Pick<Store, 'list'>): Promise<string[]> {
  const keys = await store.list('logits/');
  return keys
    .filter((key) => key.endsWith('.parquet'))
    .map((key) => key.slice(0, -'.parquet'.length))
    .sort((a, b) => (a.split('/').at(-1)! < b.split('/').at(-1)! ? -1 : 1));
}

function swap(one: InFolder, key: string, other: InFolder, otherKey: string): void {
  const [here, there] = [join(one.uri, key), join(other.uri, otherKey)];
  renameSync(here, `${here}.held`);
  renameSync(there, here);
  renameSync(`${here}.held`, there);
}
