/** Writes an audio shard: samples, then the table beside them, the manifest last. */
import { createHash } from 'node:crypto';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { encodeNpyInt16Header } from '../../ced/audio/npy';
import { encodeShardTable, type ShardClip } from '../../ced/audio/shard-table';
import { layout } from '../../storage/layout';
import { createRecordOrAdopt } from '../../storage/quarantine';
import type { RecordFormat } from '../../storage/record';
import { ContentDiffers, type Store } from '../../storage/store';
import type { ShardAudio } from './shard-audio';

export interface HashedAudio {
  /** Of the `.npy` file. */
  parts: Uint8Array[];
  audioSha256: string;
  audioBytes: number;
}

/** @param onPart called for each part that was hashed; may throw to give up */
export async function hashAudio(audio: ShardAudio, onPart: () => void): Promise<HashedAudio> {
  const parts = [encodeNpyInt16Header(audio.length), ...audio.parts()];
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
    // Gigabytes take seconds: cancellation and the heartbeats of other activities come in between.
    await yieldToEventLoop();
    onPart();
  }
  const audioBytes = parts.reduce((sum, part) => sum + part.length, 0);
  return { parts, audioSha256: hash.digest('hex'), audioBytes };
}

export async function commitShard<T extends object>(
  store: Store,
  { parts, audioSha256 }: HashedAudio,
  table: readonly ShardClip[],
  manifest: { key: string; format: RecordFormat<T>; value: T },
): Promise<void> {
  await store.create(layout.audio(audioSha256), parts);
  // The same audio may be listed again under other clip names or labels: the first table stands,
  // the manifest is what we read.
  await store
    .create(layout.audioTable(audioSha256), await encodeShardTable(table))
    .catch((error: unknown) => {
      if (!(error instanceof ContentDiffers)) throw error;
    });
  // Only `seconds` can differ between two writers of one listing.
  await createRecordOrAdopt(store, manifest.key, manifest.format, manifest.value);
}
