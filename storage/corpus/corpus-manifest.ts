/** The manifest of a whole corpus: its splits, their shards and counts. */
import { counted } from '../../ced/counted';
import { z } from 'zod';
import { chunkPlan } from '../../ced/audio/chunks';
import { vocabularySchema } from '../../ced/teachers/vocabulary';
import { finalizedSplitSchema } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { readPlan } from './plan-manifest';
import { layout } from '../layout';
import { quarantine } from '../quarantine';
import { encodeRecord, readRecord, record, RecordDamaged, type RecordOf } from '../record';
import type { Store } from '../store';
import { ContentIndex, duplicatesSchema, SMALLEST_FIRST } from './content-index';
import { readIngest } from './ingest-manifest';
import type { Split } from '../../workflows/contract/models';

export const corpusShardSchema = z.object({
  /** Key of its ingest manifest. */
  ingest: z.string(),
  audioSha256: z.string(),
  clips: z.number(),
  chunks: z.number(),
});
export type CorpusShard = z.output<typeof corpusShardSchema>;

const corpusSplitSchema = finalizedSplitSchema.extend({
  shardsOf: z.array(corpusShardSchema),
  /** Clips that hold the same audio as another of their split; absent = none. */
  duplicates: z.exactOptional(duplicatesSchema),
});
type CorpusSplit = z.output<typeof corpusSplitSchema>;

export const corpusRecord = record(
  'corpus manifest',
  1,
  z.object({
    formatVersion: z.literal(1),
    chunkSeconds: z.number(),
    vocabulary: vocabularySchema,
    splits: z.object({
      train: corpusSplitSchema.nullable(),
      validation: corpusSplitSchema.nullable(),
      eval: corpusSplitSchema.nullable(),
    }),
  }),
);
export type CorpusManifest = RecordOf<typeof corpusRecord>;

/**
 * A plan's finalized corpus; made again from its shards if it is damaged. @throws {ObjectMissing}
 * if it was not finalized
 */
export async function readCorpus(store: Store, planKey: string): Promise<CorpusManifest> {
  const key = layout.corpus(planKey);
  try {
    return await readRecord(store, key, corpusRecord);
  } catch (error) {
    if (!(error instanceof RecordDamaged)) throw error;
    // It was finalized, so no more clips were rejected than allowed.
    const { manifest } = await joinShards(store, planKey, 1);
    await quarantine(store, key);
    await store.create(key, encodeRecord(key, manifest));
    return manifest;
  }
}

export async function joinShards(
  store: Store,
  planKey: string,
  maxRejected: number,
): Promise<{ manifest: CorpusManifest; content: ContentIndex }> {
  const plan = await readPlan(store, planKey);
  const manifest: CorpusManifest = {
    formatVersion: 1,
    chunkSeconds: plan.chunkSeconds,
    vocabulary: plan.vocabulary,
    splits: { train: null, validation: null, eval: null },
  };
  const content = new ContentIndex();
  for (const split of SMALLEST_FIRST) {
    const planned = plan.splits[split];
    if (!planned) continue;
    const finalized = await finalizeSplit(
      store,
      split,
      planned.listings,
      plan.chunkSeconds,
      maxRejected,
      content,
    );
    const duplicates = content.duplicates[split];
    if (duplicates.count > 0) finalized.duplicates = duplicates;
    manifest.splits[split] = finalized;
  }
  return { manifest, content };
}

export async function finalizeSplit(
  store: Store,
  split: Split,
  listings: string[],
  chunkSeconds: number,
  maxRejected: number,
  content: ContentIndex,
): Promise<CorpusSplit> {
  const finalized: CorpusSplit = {
    shards: listings.length,
    clips: 0,
    chunks: 0,
    samples: 0,
    rejected: 0,
    labelled: true,
    shardsOf: [],
  };
  let firstReason = '';
  for (const listing of listings) {
    const ingest = layout.ingest(listing);
    const shard = await readIngest(store, { split, shard: finalized.shardsOf.length, ingest });
    const chunks = shard.clips.reduce(
      (sum, clip) => sum + chunkPlan(clip.samples, chunkSeconds).length,
      0,
    );
    finalized.shardsOf.push({
      ingest,
      audioSha256: shard.audioSha256,
      clips: shard.clips.length,
      chunks,
    });
    finalized.clips += shard.clips.length;
    finalized.chunks += chunks;
    finalized.samples += shard.clips.reduce((sum, clip) => sum + clip.samples, 0);
    finalized.rejected += shard.rejected.length;
    finalized.labelled &&= shard.clips.every((clip) => clip.labels !== null);
    for (const clip of shard.clips) content.add(split, clip.clip, clip.sha256);
    const [first] = shard.rejected;
    if (first && !firstReason) firstReason = `${first.clip}: ${first.reason}`;
  }
  const share = finalized.rejected / Math.max(1, finalized.rejected + finalized.clips);
  if (share > maxRejected || finalized.clips === 0)
    throw new PermanentError(
      'CorpusInvalid',
      `corpus.${split}: ${finalized.rejected} of ` +
        counted(finalized.rejected + finalized.clips, 'clip', 'clips') +
        ` ${finalized.rejected === 1 ? 'was' : 'were'} rejected, ` +
        `more than corpus.maxRejected = ${maxRejected} allows; the first is ` +
        `${firstReason}`,
    );
  return finalized;
}
