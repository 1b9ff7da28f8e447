/**
 * What a job of one shard needs of a corpus: its vocabulary and the shard's entry, from a part of
 * the manifest beside it (plan-part.ts says why, and of which corpora).
 */
import { z } from 'zod';
import { vocabularySchema } from '../../ced/teachers/vocabulary';
import { SPLITS, type Split } from '../../workflows/contract/models';
import { encodeChecksummed } from '../checksum';
import { layout } from '../layout';
import { createAnew, createRecordOrAdopt, readRecordOrQuarantine } from '../quarantine';
import { record } from '../record';
import type { Store } from '../store';
import {
  corpusRecord,
  corpusShardSchema,
  readCorpus,
  type CorpusManifest,
  type CorpusShard,
} from './corpus-manifest';
import { entriesOfPart, partOf, partsOf, SHARDS_PER_PART } from './plan-part';

export const corpusPartRecord = record(
  'part of a corpus manifest',
  1,
  z.object({
    formatVersion: z.literal(1),
    chunkSeconds: z.number(),
    vocabulary: vocabularySchema,
    shardsOf: z.array(corpusShardSchema),
  }),
);

export interface ShardOfCorpus extends Pick<CorpusManifest, 'chunkSeconds' | 'vocabulary'> {
  entry: CorpusShard;
}

/** Writes the manifest of a corpus, or adopts the one that is there, and then its parts. */
export async function createCorpus(
  store: Store,
  planKey: string,
  manifest: CorpusManifest,
): Promise<void> {
  const present = await createRecordOrAdopt(store, layout.corpus(planKey), corpusRecord, manifest);
  for (const split of SPLITS)
    for (const part of partsOf(manifest.splits[split]?.shardsOf.length ?? 0))
      await createPart(store, planKey, present ?? manifest, split, part);
}

/** @throws as `readCorpus`; Error where the corpus has no such shard */
export async function readShardOfCorpus(
  store: Store,
  planKey: string,
  split: Split,
  shard: number,
): Promise<ShardOfCorpus> {
  const part = partOf(shard);
  const key = layout.corpusPart(planKey, split, part);
  const found = await readRecordOrQuarantine(store, key, corpusPartRecord);
  if (found) return shardIn(found, found.shardsOf[shard % SHARDS_PER_PART]);
  const corpus = await readCorpus(store, planKey);
  const entries = corpus.splits[split]?.shardsOf ?? [];
  if (partsOf(entries.length).includes(part)) await createPart(store, planKey, corpus, split, part);
  return shardIn(corpus, entries[shard]);

  function shardIn(
    { chunkSeconds, vocabulary }: Omit<ShardOfCorpus, 'entry'>,
    entry: CorpusShard | undefined,
  ): ShardOfCorpus {
    if (!entry) throw new Error(`the corpus of plan ${planKey} has no shard ${shard} of ${split}`);
    return { chunkSeconds, vocabulary, entry };
  }
}

async function createPart(
  store: Store,
  planKey: string,
  { chunkSeconds, vocabulary, splits }: CorpusManifest,
  split: Split,
  part: number,
): Promise<void> {
  const shardsOf = entriesOfPart(splits[split]?.shardsOf ?? [], part);
  await createAnew(
    store,
    layout.corpusPart(planKey, split, part),
    encodeChecksummed({ formatVersion: 1, chunkSeconds, vocabulary, shardsOf }),
  );
}
