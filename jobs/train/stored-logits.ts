/** Reads the logit shards that a student learns from, each verified before it is decoded. */
import type { LogitTable } from '../../ced/logits/logit-table';
import { decodeLogitShard } from '../../ced/logits/shard-file';
import { layout } from '../../storage/layout';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { mapOrdered } from '../../storage/map-ordered';
import { quarantine } from '../../storage/quarantine';
import { readRecordIfPresent, RecordDamaged } from '../../storage/record';
import type { Store } from '../../storage/store';
import { isVerified, readVerified } from '../../storage/verified-object';
import { StoreDamaged, type Damage } from '../../workflows/contract/damage';

/** Shards verified at the same time: in a bucket the manifest of each takes two round trips. */
const VERIFIED_AT_ONCE = 64;
/** Shards held in memory while one of them is decoded. */
const READ_AHEAD = 16;

/**
 * Verifies every shard's logits.
 * @returns SHA-256 of each shard's file, in shard order
 * @throws {StoreDamaged} naming every shard that is missing, or damaged and now in quarantine
 */
export async function verifyStoredLogits(
  store: Store,
  logitsKey: string,
  audioShards: readonly string[],
  onShard: (done: number) => Promise<void>,
): Promise<string[]> {
  const verify = async (audioSha256: string): Promise<string | null> => {
    const manifest = await readRecordIfPresent(
      store,
      layout.logitsManifest(logitsKey, audioSha256),
      logitsRecord,
    ).catch((error: unknown) => {
      if (error instanceof RecordDamaged) return null;
      throw error;
    });
    return manifest &&
      (await isVerified(store, layout.logits(logitsKey, audioSha256), manifest.sha256))
      ? manifest.sha256
      : null;
  };
  const hashes: string[] = [];
  const damages: Damage[] = [];
  let shard = 0;
  for await (const hash of mapOrdered(audioShards, VERIFIED_AT_ONCE, verify)) {
    const audioSha256 = audioShards[shard] ?? '';
    if (hash !== null) hashes.push(hash);
    else {
      // Which of the two is wrong cannot be known.
      await quarantine(store, layout.logitsManifest(logitsKey, audioSha256));
      await quarantine(store, layout.logits(logitsKey, audioSha256));
      damages.push({ kind: 'logits', shard });
    }
    await onShard(++shard);
  }
  if (damages.length > 0)
    throw new StoreDamaged(
      damages,
      `logits/${logitsKey}: ${damages.length} of ${audioShards.length} shards ` +
        'are damaged or missing',
    );
  return hashes;
}

/**
 * Decodes every shard's logits.
 * @param hashes as returned by `verifyStoredLogits`
 * @throws if a shard has been damaged since
 */
export async function* readStoredLogits(
  store: Store,
  logitsKey: string,
  audioShards: readonly string[],
  hashes: readonly string[],
): AsyncGenerator<LogitTable> {
  const read = async ([shard, audioSha256]: [number, string]): Promise<Uint8Array> => {
    const key = layout.logits(logitsKey, audioSha256);
    const bytes = await readVerified(store, key, hashes[shard] ?? '');
    if (bytes === null) throw new Error(`${store.uri}: ${key} was damaged just now`);
    return bytes;
  };
  for await (const bytes of mapOrdered(audioShards.entries(), READ_AHEAD, read))
    yield await decodeLogitShard(bytes);
}
