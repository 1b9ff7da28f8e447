/**
 * Lessons from stored logits: the chunk under exactly the augmentation the ensemble heard, and the
 * probabilities it gave. No label is read.
 */
import {
  drawAugmentation,
  type AugmentConfig,
  type AugmentParameters,
} from '../../ced/augment/parameters';
import type { LogitTable } from '../../ced/logits/logit-table';
import { decodeLogitShard } from '../../ced/logits/shard-file';
import { writeTargets } from '../../ced/logits/targets';
import { StoreDamaged, type Damage } from '../../workflows/contract/damage';
import type { Student } from '../../workflows/contract/run-file-sections';
import { mapOrdered } from '../../storage/map-ordered';
import { logitsRecord } from '../../storage/logits/stored-shard';
import { layout } from '../../storage/layout';
import { quarantine } from '../../storage/quarantine';
import { isVerified, readVerified } from '../../storage/verified-object';
import { readRecordIfPresent, RecordDamaged } from '../../storage/record';
import type { Store } from '../../storage/store';
import type { StoredViews } from './stored-views';
import type { TargetRows, TrainingRow } from './training-set';

/**
 * Shards that are looked at at once: in a bucket each has a manifest that takes two round trips.
 */
const LOOKED_AT_ONCE = 64;
/** Shards that are held in memory while one of them is decoded. */
const READ_AHEAD = 16;

/**
 * Views a student draws for itself lie beyond every stored view, so that they never repeat what the
 * teachers heard.
 */
export const FRESH_VIEW = 0x1_0000;

/**
 * Verifies every shard's logits.
 * @returns SHA-256 of each shard's file, in shard order
 * @throws {StoreDamaged} naming every shard that is damaged, and then set aside, or missing
 */
export async function verifyStoredLogits(
  store: Store,
  logitsKey: string,
  audioShards: readonly string[],
  onShard: (done: number) => Promise<void>,
): Promise<string[]> {
  const look = async (audioSha256: string): Promise<string | null> => {
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
  for await (const hash of mapOrdered(audioShards, LOOKED_AT_ONCE, look)) {
    const audioSha256 = audioShards[shard] ?? '';
    if (hash !== null) hashes.push(hash);
    else {
      // Both: which of them is wrong cannot be told.
      await quarantine(store, layout.logitsManifest(logitsKey, audioSha256));
      await quarantine(store, layout.logits(logitsKey, audioSha256));
      damages.push({ kind: 'logits', shard });
    }
    await onShard(++shard);
  }
  if (damages.length > 0)
    throw new StoreDamaged(
      damages,
      `logits/${logitsKey}: ${damages.length} of ${audioShards.length} shards are damaged or missing`,
    );
  return hashes;
}

/**
 * Decodes every shard's logits. @param hashes what `verifyStoredLogits` returned. @throws when one
 * has been damaged since
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

/**
 * The rows that have logits, in order: what is trained on when an import could not match every
 * chunk.
 */
export function rowsWithLogits(rows: readonly TrainingRow[], stored: StoredViews): TrainingRow[] {
  const next: number[] = [];
  return rows.filter(({ clip, clipRow, chunk }) => {
    const heard = stored.chunks(clip.shard);
    const at = next[clip.shard] ?? 0;
    if (heard.clip[at] !== clipRow || heard.chunk[at] !== chunk) return false;
    next[clip.shard] = at + 1;
    return true;
  });
}

export class StoredTargets implements TargetRows {
  /** Of each training row, its place among its shard's chunks. */
  private readonly place: Uint32Array;
  private last: { rowIndex: number; epoch: number; stored: LogitTable } | null = null;

  constructor(
    rows: readonly TrainingRow[],
    shards: number,
    private readonly stored: StoredViews,
    private readonly settings: Pick<Student, 'unseenFill' | 'consistent' | 'seed'> & {
      views: number;
      topK: number;
      classes: number;
      augment: AugmentConfig;
    },
  ) {
    const planned = new Uint32Array(shards);
    this.place = Uint32Array.from(rows, ({ clip }) => planned[clip.shard]!++);
    planned.forEach((chunks, shard) => {
      const { length } = stored.chunks(shard).clip;
      if (length !== chunks)
        throw new Error(`logit shard ${shard}: ${length} chunks, ${chunks} planned`);
    });
  }

  augmentation(row: TrainingRow, rowIndex: number, epoch: number): AugmentParameters {
    if (!this.settings.consistent)
      return drawAugmentation(
        this.settings.augment,
        {
          seed: this.settings.seed,
          clipSha256: row.clip.sha256,
          chunk: row.chunk,
          view: FRESH_VIEW + epoch,
        },
        row.length,
      );
    const { shift, timeStart, timeWidth, freqStart, freqWidth } = this.read(row, rowIndex, epoch);
    return {
      shift: shift[0] ?? 0,
      timeStart: timeStart[0] ?? 0,
      timeWidth: timeWidth[0] ?? 0,
      freqStart: freqStart[0] ?? 0,
      freqWidth: freqWidth[0] ?? 0,
    };
  }

  writeTargets(
    row: TrainingRow,
    rowIndex: number,
    epoch: number,
    out: Float32Array,
    at: number,
  ): void {
    const { classes, unseenFill, topK } = this.settings;
    writeTargets(this.read(row, rowIndex, epoch), 0, classes, unseenFill, topK, out, at);
  }

  /** Every view is used equally often: epoch e reads view e mod views. */
  private read(row: TrainingRow, rowIndex: number, epoch: number): LogitTable {
    if (this.last?.rowIndex === rowIndex && this.last.epoch === epoch) return this.last.stored;
    const at = this.place[rowIndex];
    if (at === undefined) throw new Error(`training row ${rowIndex} has no logits`);
    const stored = this.stored.read(row.clip.shard, at, epoch % this.settings.views);
    if (stored.clip[0] !== row.clipRow || stored.chunk[0] !== row.chunk)
      throw new Error(`logits of ${row.clip.clip} chunk ${row.chunk} do not belong to it`);
    this.last = { rowIndex, epoch, stored };
    return stored;
  }
}
