/**
 * Where damaged objects go: `quarantine/<key>-<hash of the damaged bytes>`, so that an intact
 * object can be created in their place and the damage can be examined. Nothing reads them; `ced
 * store gc` removes them.
 */
import { layout } from './layout';
import { encodeRecord, readRecordIfPresent, RecordDamaged, type RecordFormat } from './record';
import { ContentDiffers, type CreateOptions, type Store } from './store';
import { objectSha256 } from './verified-object';

/**
 * Moves an object to the quarantine unless it is intact by now: another process may have repaired
 * it. Objects may have any size; none is held in memory.
 * @param expectedSha256 hash of the intact object; absent = the object is damaged in any case
 * @returns the state of the object
 */
export async function quarantine(
  store: Store,
  key: string,
  expectedSha256?: string,
): Promise<'verified' | 'missing' | 'quarantined'> {
  const found = await objectSha256(store, key);
  if (found === null) return 'missing';
  if (found === expectedSha256) return 'verified';
  await store.move(key, layout.quarantine(key, found));
  return 'quarantined';
}

/**
 * Creates an object under a key that has one right content: it is named by its content, or nothing
 * refers to it yet. Other content that is found there, left by a failing disk or by an attempt on
 * another kind of machine, goes to the quarantine.
 */
export async function createAnew(
  store: Store,
  key: string,
  bytes: Uint8Array,
  options?: CreateOptions,
): Promise<void> {
  try {
    await store.create(key, bytes, options);
  } catch (error) {
    if (!(error instanceof ContentDiffers)) throw error;
    await quarantine(store, key);
    await store.create(key, bytes, options);
  }
}

/** A record that can be made again: null where there is none, or a damaged one was quarantined. */
export async function readRecordOrQuarantine<T>(
  store: Store,
  key: string,
  format: RecordFormat<T>,
): Promise<T | null> {
  try {
    return await readRecordIfPresent(store, key, format);
  } catch (error) {
    if (!(error instanceof RecordDamaged)) throw error;
    await quarantine(store, key);
    return null;
  }
}

/**
 * Creates a record. Later writers adopt the record of the first one, unless it is damaged.
 * @returns the record of an earlier writer; null where this one was created
 */
export async function createRecordOrAdopt<T extends object>(
  store: Store,
  key: string,
  format: RecordFormat<T>,
  value: T,
): Promise<T | null> {
  try {
    await store.create(key, encodeRecord(key, value));
    return null;
  } catch (error) {
    if (!(error instanceof ContentDiffers)) throw error;
    return (
      (await readRecordOrQuarantine(store, key, format)) ??
      (await createRecordOrAdopt(store, key, format, value))
    );
  }
}
