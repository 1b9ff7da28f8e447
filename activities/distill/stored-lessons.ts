/** Lessons from stored logits: the chunk under exactly the augmentation the ensemble heard, and the probabilities it gave. No label is read. */
import { drawAugmentation, type AugmentConfig, type AugmentParameters } from '../../ced/augment/parameters';
import type { LogitTable } from '../../ced/logits/logit-table';
import { decodeLogitShard } from '../../ced/logits/shard-file';
import { writeTargets } from '../../ced/logits/targets';
import { StoreDamaged, type Damage } from '../../workflows/contract/damage';
import type { Student } from '../../workflows/contract/run-file';
import type { LogitsManifest } from '../logits/logits-job';
import { layout } from '../storage/layout';
import { setAside } from '../storage/set-aside';
import { readJsonIfPresent, sha256, type Store } from '../storage/store';
import type { Lessons, TrainingRow } from './training-set';

/** Views a student draws for itself lie beyond every stored view, so that they never repeat what the teachers heard. */
export const FRESH_VIEW = 0x1_0000;

export interface StoredLogits {
  tables: LogitTable[];
  /** SHA-256 of each shard's file, in shard order. */
  sha256: string[];
}

/** Reads and verifies every shard's logits. @throws {StoreDamaged} naming every shard that is damaged, and then set aside, or missing */
export async function readStoredLogits(store: Store, logitsKey: string, audioShards: readonly string[]): Promise<StoredLogits> {
  const tables: LogitTable[] = [];
  const hashes: string[] = [];
  const damages: Damage[] = [];
  for (const [shard, audioSha256] of audioShards.entries()) {
    const key = layout.logits(logitsKey, audioSha256);
    const manifestKey = layout.logitsManifest(logitsKey, audioSha256);
    const manifest = await readJsonIfPresent<LogitsManifest>(store, manifestKey).catch((error: unknown) => {
      if (error instanceof SyntaxError) return null;
      throw error;
    });
    const bytes = await store.read(key);
    if (manifest && bytes && sha256(bytes) === manifest.sha256) {
      tables.push(await decodeLogitShard(bytes));
      hashes.push(manifest.sha256);
      continue;
    }
    // Both: which of them is wrong cannot be told.
    await setAside(store, manifestKey);
    await setAside(store, key);
    damages.push({ kind: 'logits', shard });
  }
  if (damages.length > 0)
    throw new StoreDamaged(damages, `logits/${logitsKey}: ${damages.length} of ${audioShards.length} shards are damaged or missing`);
  return { tables, sha256: hashes };
}

/** The rows that have logits, in order: what is trained on when an import could not match every chunk. */
export function rowsWithLogits(rows: readonly TrainingRow[], { tables }: StoredLogits): TrainingRow[] {
  const heard = tables.map((table) => {
    const chunks = new Set<string>();
    for (let at = 0; at < table.rows; at++) if (table.view[at] === 0) chunks.add(`${table.clip[at]}/${table.chunk[at]}`);
    return chunks;
  });
  return rows.filter(({ clip, clipRow, chunk }) => heard[clip.shard]?.has(`${clipRow}/${chunk}`));
}

export class StoredLessons implements Lessons {
  private readonly firstRow: { table: LogitTable; base: number }[];

  constructor(
    rows: readonly TrainingRow[],
    stored: StoredLogits,
    storedViews: number,
    private readonly settings: Pick<Student, 'unseenFill' | 'consistent' | 'seed'> & {
      views: number;
      topK: number;
      classes: number;
      augment: AugmentConfig;
    },
  ) {
    const next = stored.tables.map(() => 0);
    this.firstRow = rows.map(({ clip }) => {
      const table = stored.tables[clip.shard];
      if (!table) throw new Error(`no logits for audio shard ${clip.shard}`);
      const base = (next[clip.shard] ?? 0) * storedViews;
      next[clip.shard] = (next[clip.shard] ?? 0) + 1;
      return { table, base };
    });
    stored.tables.forEach((table, shard) => {
      if (table.rows !== (next[shard] ?? 0) * storedViews)
        throw new Error(`logit shard ${shard}: ${table.rows} rows, ${(next[shard] ?? 0) * storedViews} planned`);
    });
  }

  augmentation(row: TrainingRow, rowIndex: number, epoch: number): AugmentParameters {
    if (!this.settings.consistent)
      return drawAugmentation(
        this.settings.augment,
        { seed: this.settings.seed, clipSha256: row.clip.sha256, chunk: row.chunk, view: FRESH_VIEW + epoch },
        row.length,
      );
    const { table, at } = this.locate(rowIndex, row, epoch);
    return {
      shift: table.shift[at] ?? 0,
      timeStart: table.timeStart[at] ?? 0,
      timeWidth: table.timeWidth[at] ?? 0,
      freqStart: table.freqStart[at] ?? 0,
      freqWidth: table.freqWidth[at] ?? 0,
    };
  }

  writeTargets(row: TrainingRow, rowIndex: number, epoch: number, out: Float32Array, at: number): void {
    const stored = this.locate(rowIndex, row, epoch);
    writeTargets(stored.table, stored.at, this.settings.classes, this.settings.unseenFill, this.settings.topK, out, at);
  }

  /** Every view is used equally often: epoch e reads view e mod views. */
  private locate(rowIndex: number, row: TrainingRow, epoch: number): { table: LogitTable; at: number } {
    const first = this.firstRow[rowIndex];
    if (!first) throw new Error(`training row ${rowIndex} has no logits`);
    const at = first.base + (epoch % this.settings.views);
    if (first.table.clip[at] !== row.clipRow || first.table.chunk[at] !== row.chunk)
      throw new Error(`logits of ${row.clip.clip} chunk ${row.chunk} do not belong to it`);
    return { table: first.table, at };
  }
}
