/**
 * What an audio shard holds. A manifest that is damaged or gone is damage to its shard: the
 * workflow has it ingested again.
 */
import { z } from 'zod';
import { StoreDamaged } from '../../workflows/contract/damage';
import { PermanentError } from '../../workflows/contract/failures';
import type { Split } from '../../workflows/contract/models';
import { readRecordIfPresent, record, RecordDamaged, type RecordOf } from '../record';
import type { Store } from '../store';

const ingestedClipSchema = z.object({
  clip: z.string(),
  /** SHA-256 of the decoded int16 samples: the input of the models, whatever its container. */
  sha256: z.string(),
  offset: z.number(),
  samples: z.number(),
  labels: z.array(z.number()).nullable(),
});
export type IngestedClip = z.output<typeof ingestedClipSchema>;

export const ingestRecord = record(
  'audio shard manifest',
  1,
  z.object({
    formatVersion: z.literal(1),
    audioSha256: z.string(),
    audioBytes: z.number(),
    clips: z.array(ingestedClipSchema),
    rejected: z.array(z.object({ clip: z.string(), reason: z.string() })),
    /** Decoding and writing, as it took when it was done. */
    seconds: z.number(),
  }),
);
export type IngestManifest = RecordOf<typeof ingestRecord>;

/**
 * @param of.audioSha256 as in the finalized corpus, if it is finalized
 * @throws {StoreDamaged} naming the shard
 * @throws {PermanentError} CorpusInvalid when it was made again from other audio than the corpus
 *   was finalized with
 */
export async function readIngest(
  store: Store,
  of: { split: Split; shard: number; ingest: string; audioSha256?: string },
): Promise<IngestManifest> {
  const { split, shard, ingest, audioSha256 } = of;
  const manifest = await readRecordIfPresent(store, ingest, ingestRecord).catch(
    (error: unknown) => {
      if (error instanceof RecordDamaged) return error.why;
      throw error;
    },
  );
  if (manifest === null || typeof manifest === 'string')
    throw new StoreDamaged(
      [{ kind: 'audio', split, shard }],
      `${store.uri}: ${ingest} is ${manifest === null ? 'missing' : `damaged (${manifest})`}`,
    );
  if (audioSha256 !== undefined && manifest.audioSha256 !== audioSha256)
    throw new PermanentError(
      'CorpusInvalid',
      `corpus.${split}: shard ${shard} was made again from other audio than before: its ` +
        'sources have changed; start the run again, it will be planned anew',
    );
  return manifest;
}
