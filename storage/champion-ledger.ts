/**
 * The champion's folder: `<n>.json`, one a change, created and never replaced, of which the highest
 * number counts; and the models they name, `models/<sha256>/`, written before them. A reader sees
 * one whole champion or the next; of two writers of the same number one is refused.
 */
import { championEntrySchema, type ChampionEntry } from '../workflows/contract/promotion';
import { PermanentError } from '../workflows/contract/failures';
import { layout } from './layout';
import { encodeRecord, readRecord, record } from './record';
import { ContentDiffers, sha256, type Store } from './store';

export const championEntry = record('champion entry', 1, championEntrySchema);

export class ChampionLedger {
  private constructor(
    private readonly folder: Store,
    /** In the order of their numbers. */
    readonly entries: readonly ChampionEntry[],
  ) {}

  static async read(folder: Store): Promise<ChampionLedger> {
    const numbers = (await folder.list(''))
      .flatMap((key) => /^([1-9]\d*)\.json$/.exec(key)?.[1] ?? [])
      .map(Number);
    const entries: ChampionEntry[] = [];
    for (const number of numbers.sort((a, b) => a - b))
      entries.push(await readRecord(folder, keyOf(number), championEntry));
    return new ChampionLedger(folder, entries);
  }

  /** What counts now. */
  get head(): ChampionEntry | null {
    return this.entries.at(-1) ?? null;
  }

  entry(number: number | null): ChampionEntry | null {
    return this.entries.find((each) => each.entry === number) ?? null;
  }

  /**
   * Adds the entry after the one that counted when this was read.
   * @returns null if another run has added one since: read again
   */
  async append(
    entry: Omit<ChampionEntry, 'formatVersion' | 'entry'>,
  ): Promise<ChampionEntry | null> {
    const next: ChampionEntry = { formatVersion: 1, entry: (this.head?.entry ?? 0) + 1, ...entry };
    try {
      const key = keyOf(next.entry);
      await this.folder.create(key, encodeRecord(key, next));
      return next;
    } catch (error) {
      if (error instanceof ContentDiffers) return null;
      throw error;
    }
  }

  /** The entry that a rollback of the head would add; null where nothing came before it. */
  rollback(): Omit<ChampionEntry, 'formatVersion' | 'entry' | 'at'> | null {
    const { head } = this;
    const before = this.entry(head?.previous ?? null);
    if (!head || !before) return null;
    const { formatVersion: _formatVersion, entry: _entry, at: _at, ...restored } = before;
    return { ...restored, action: 'rollback', tookBack: head.entry };
  }
}

/**
 * Copies a model from a store into another one, its weights first. What else lies beside them may
 * be there already in other words: it stays.
 * @throws {PermanentError} CheckpointIncompatible when it is damaged or gone
 */
export async function copyModel(from: Store, to: Store, modelSha256: string): Promise<void> {
  const weights = await from.read(layout.model(modelSha256));
  const config = await from.read(layout.modelConfig(modelSha256));
  if (weights === null || config === null || sha256(weights) !== modelSha256)
    throw new PermanentError(
      'CheckpointIncompatible',
      `${from.uri}/${layout.model(modelSha256)} is damaged or gone; restore it, or go back ` +
        'to the champion before it with `ced champion --rollback`',
    );
  await to.create(layout.model(modelSha256), weights);
  for (const key of await from.list(layout.modelFile(modelSha256, ''))) {
    const bytes = key === layout.model(modelSha256) ? null : await from.read(key);
    if (bytes) await to.create(key, bytes).catch(unlessPresent);
  }
}

function unlessPresent(error: unknown): void {
  if (!(error instanceof ContentDiffers)) throw error;
}

function keyOf(entry: number): string {
  return `${entry}.json`;
}
