/**
 * An audio shard at a further sample rate, for teachers that take it: the clips of the shard at
 * 16 kHz in its order, resampled from the same sources in one decode with it.
 */
import { z } from 'zod';
import { StoreDamaged } from '../../workflows/contract/damage';
import { PermanentError } from '../../workflows/contract/failures';
import type { Split } from '../../workflows/contract/models';
import { layout } from '../layout';
import { readRecordIfPresent, record, RecordDamaged, type RecordOf } from '../record';
import type { Store } from '../store';
import type { CorpusShard } from './corpus-manifest';

const clipSchema = z.object({
  /** SHA-256 of the int16 samples at this rate. */
  sha256: z.string(),
  offset: z.number(),
  samples: z.number(),
});

export const rateRecord = record(
  'audio shard manifest at a further sample rate',
  1,
  z.object({
    formatVersion: z.literal(1),
    sampleRate: z.number(),
    /** SHA-256 of the shard's audio at 16 kHz. */
    of: z.string(),
    audioSha256: z.string(),
    audioBytes: z.number(),
    clips: z.array(clipSchema),
    /** Decoding and writing, as it took when it was done. */
    seconds: z.number(),
  }),
);
export type RateManifest = RecordOf<typeof rateRecord>;

/**
 * @param at place of the shard and its entry in the finalized corpus
 * @throws {StoreDamaged} naming the shard: ingest makes it again at every rate of the run
 * @throws {PermanentError} CorpusInvalid when it belongs to other audio than the corpus was
 *   finalized with
 */
export async function readRateManifest(
  store: Store,
  at: { split: Split; shard: number; entry: Pick<CorpusShard, 'ingest' | 'audioSha256' | 'clips'> },
  rate: number,
): Promise<RateManifest> {
  const { split, shard, entry } = at;
  const key = layout.ingestAtRate(entry.ingest, rate);
  const manifest = await readRecordIfPresent(store, key, rateRecord).catch((error: unknown) => {
    if (error instanceof RecordDamaged) return error.why;
    throw error;
  });
  if (manifest === null || typeof manifest === 'string')
    throw new StoreDamaged(
      [{ kind: 'audio', split, shard }],
      `${store.uri}: ${key} is ${manifest === null ? 'missing' : `damaged (${manifest})`}`,
    );
  if (manifest.of !== entry.audioSha256 || manifest.clips.length !== entry.clips)
    throw new PermanentError(
      'CorpusInvalid',
      `corpus.${split}: shard ${shard} at ${rate} Hz belongs to other audio than at 16 kHz: its ` +
        'sources have changed; start the run again, it will be planned anew',
    );
  return manifest;
}
