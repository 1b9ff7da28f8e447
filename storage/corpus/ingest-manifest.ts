/**
 * What an audio shard holds. A manifest that is damaged or gone is damage to its shard: the
 * workflow has it ingested again.
 */
import { StoreDamaged } from '../../workflows/contract/damage';
import { PermanentError } from '../../workflows/contract/failures';
import { JsonDamaged, readJsonIfPresent, type Store } from '../store';
import type { Split } from '../../workflows/contract/models';

/**
 * @param of.audioSha256 what the sealed corpus says, where it is sealed
 * @throws {StoreDamaged} naming the shard
 * @throws {PermanentError} CorpusInvalid when it was made again from other audio than the corpus
 *   was sealed with
 */
export async function readIngest(
  store: Store,
  of: { split: Split; shard: number; ingest: string; audioSha256?: string },
): Promise<IngestManifest> {
  const { split, shard, ingest, audioSha256 } = of;
  const manifest = await readJsonIfPresent<IngestManifest>(store, ingest).catch(
    (error: unknown) => {
      if (error instanceof JsonDamaged) return null;
      throw error;
    },
  );
  if (manifest === null)
    throw new StoreDamaged(
      [{ kind: 'audio', split, shard }],
      `${store.uri}: ${ingest} is damaged or missing`,
    );
  if (audioSha256 !== undefined && manifest.audioSha256 !== audioSha256)
    throw new PermanentError(
      'CorpusInvalid',
      `corpus.${split}: shard ${shard} was made again from other audio than before: its sources have changed; start the run again, it will be planned anew`,
    );
  return manifest;
}

export interface IngestedClip {
  clip: string;
  /** SHA-256 of the decoded int16 samples: what the models hear, whatever container it came in. */
  sha256: string;
  offset: number;
  samples: number;
  labels: number[] | null;
}

export interface IngestManifest {
  formatVersion: 1;
  audioSha256: string;
  audioBytes: number;
  clips: IngestedClip[];
  rejected: { clip: string; reason: string }[];
  /** Decoding and writing, as it took when it was done. */
  seconds: number;
}
