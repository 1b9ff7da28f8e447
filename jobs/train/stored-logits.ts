/**
 * Reads the logit shards that a student learns from. Each is verified before it is decoded, and its
 * rows are compared with what their clips draw.
 */
import type { AugmentConfig } from '../../ced/augment/parameters';
import type { LogitTable } from '../../ced/logits/logit-table';
import { firstForeignRow, type DrawnClip } from '../../ced/logits/redraw';
import { decodeLogitShard } from '../../ced/logits/shard-file';
import { layout } from '../../storage/layout';
import { descriptionRecord } from '../../storage/logits/logits-description';
import { logitsRecord, quarantineShard } from '../../storage/logits/stored-shard';
import { mapOrdered } from '../../storage/map-ordered';
import { readRecordOrQuarantine } from '../../storage/quarantine';
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
 * @param names of the shards (logit-shard-names.ts)
 * @returns SHA-256 of each shard's file, in shard order
 * @throws {StoreDamaged} naming every shard that is missing, or damaged and now in quarantine
 */
export async function verifyStoredLogits(
  store: Store,
  logitsKey: string,
  names: readonly string[],
  onShard: (done: number) => Promise<void>,
): Promise<string[]> {
  const verify = async (name: string): Promise<string | null> => {
    const manifest = await readRecordIfPresent(
      store,
      layout.logitsManifest(logitsKey, name),
      logitsRecord,
    ).catch((error: unknown) => {
      if (error instanceof RecordDamaged) return null;
      throw error;
    });
    return manifest && (await isVerified(store, layout.logits(logitsKey, name), manifest.sha256))
      ? manifest.sha256
      : null;
  };
  const hashes: string[] = [];
  const damages: Damage[] = [];
  let shard = 0;
  for await (const hash of mapOrdered(names, VERIFIED_AT_ONCE, verify)) {
    const name = names[shard] ?? '';
    if (hash !== null) hashes.push(hash);
    else {
      await quarantineShard(store, logitsKey, name);
      damages.push({ kind: 'logits', shard });
    }
    await onShard(++shard);
  }
  if (damages.length > 0)
    throw new StoreDamaged(
      damages,
      `logits/${logitsKey}: ${damages.length} of ${names.length} shards ` +
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
  names: readonly string[],
  hashes: readonly string[],
): AsyncGenerator<LogitTable> {
  const read = async ([shard, name]: [number, string]): Promise<Uint8Array> => {
    const key = layout.logits(logitsKey, name);
    const bytes = await readVerified(store, key, hashes[shard] ?? '');
    if (bytes === null) throw new Error(`${store.uri}: ${key} was damaged just now`);
    return bytes;
  };
  for await (const bytes of mapOrdered(names.entries(), READ_AHEAD, read))
    yield await decodeLogitShard(bytes);
}

/**
 * What the rows of computed logits were drawn from, or null: imported rows follow the published
 * code's own generator.
 */
export async function drawnFrom(
  store: Store,
  logitsKey: string,
): Promise<{ seed: number; augment: AugmentConfig } | null> {
  const key = layout.logitsDescription(logitsKey);
  const description = await readRecordOrQuarantine(store, key, descriptionRecord);
  return description !== null && 'teachers' in description ? description : null;
}

/**
 * @param clips of the shard, in its order
 * @throws {StoreDamaged} naming the shard, which is now in quarantine, when its rows are those of
 *   other clips: a manifest that names no place of its own cannot tell
 */
export async function checkRowsAreOfClips(
  store: Store,
  logitsKey: string,
  {
    table,
    clips,
    drawn,
    shard,
    name,
  }: {
    table: LogitTable;
    clips: readonly DrawnClip[];
    drawn: { seed: number; augment: AugmentConfig };
    shard: number;
    name: string;
  },
): Promise<void> {
  const row = firstForeignRow(table, clips, drawn);
  if (row < 0) return;
  await quarantineShard(store, logitsKey, name);
  throw new StoreDamaged(
    [{ kind: 'logits', shard }],
    `${layout.logits(logitsKey, name)}: row ${row} was not drawn from the clip it names; ` +
      'these are the logits of other audio',
  );
}
