/** The logits of a store, as programs read them that do not train from them. */
import { decodeLogitShard } from '../../ced/logits/shard-file';
import type { LogitTable } from '../../ced/logits/logit-table';
import { layout } from '../layout';
import { readRecord } from '../record';
import type { Store } from '../store';
import { logitsRecord } from './stored-shard';

/** Committed shards by key, both sorted; a shard without its manifest is not committed. */
export async function logitShards(store: Store, keyPrefix: string): Promise<Map<string, string[]>> {
  const shardsOf = new Map<string, string[]>();
  for (const path of await store.list('logits/')) {
    const [, key = '', file = ''] = path.split('/');
    const audioShard = /^([0-9a-f]{64})\.json$/.exec(file)?.[1];
    if (audioShard !== undefined && key.startsWith(keyPrefix))
      shardsOf.set(key, [...(shardsOf.get(key) ?? []), audioShard]);
  }
  return shardsOf;
}

/** SHA-256 of the audio at 16 kHz of a committed shard (logit-shard-names.ts). */
export async function audioShardOf(store: Store, key: string, name: string): Promise<string> {
  const { audio } = await readRecord(store, layout.logitsManifest(key, name), logitsRecord);
  return audio ?? name;
}

export async function readLogitTable(
  store: Store,
  key: string,
  audioShard: string,
): Promise<{ bytes: Uint8Array; table: LogitTable }> {
  const path = layout.logits(key, audioShard);
  const bytes = await store.read(path);
  if (bytes === null)
    throw new Error(`${store.uri}: ${path} is missing, though its manifest is there`);
  return { bytes, table: await decodeLogitShard(bytes) };
}
