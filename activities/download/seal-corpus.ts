/** Joins the ingested shards of a plan into one corpus manifest, written last: what is in it is complete, counted and checked. */
import { chunkPlan } from '../../ced/audio/chunks';
import type { Vocabulary } from '../../ced/teachers/vocabulary';
import type { SealedCorpus, SealedSplit, SealInput, Split } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { ActivityDependencies } from '../dependencies';
import { readPlan } from '../plan/listing';
import { layout } from '../storage/layout';
import { encodeSealed } from '../storage/seal';
import { createJsonOrAdopt, setAside } from '../storage/set-aside';
import { JsonDamaged, readJson, type Store } from '../storage/store';
import { ContentIndex, namesOf, type Duplicates } from './content-index';
import { readIngest } from './read-ingest';

export interface CorpusManifest {
  formatVersion: 1;
  chunkSeconds: number;
  vocabulary: Vocabulary;
  splits: Record<
    Split,
    | (SealedSplit & {
        shardsOf: { ingest: string; audioSha256: string; clips: number; chunks: number }[];
        /** Clips that hold the same audio as another of their split; absent = none. */
        duplicates?: Duplicates;
      })
    | null
  >;
}

export async function sealCorpus(deps: ActivityDependencies, input: SealInput): Promise<SealedCorpus> {
  const store = deps.openStore(input.store);
  const { manifest, content } = await joinShards(store, input.planKey, input.maxRejected);
  refuseOverlap(content, deps.allowOverlap ?? false);
  await createJsonOrAdopt(store, layout.corpus(input.planKey), encodeSealed(manifest));
  const sealed = (split: Split): SealedSplit | null => {
    const entry = manifest.splits[split];
    if (entry === null) return null;
    const { shardsOf: _shardsOf, duplicates: _duplicates, ...counts } = entry;
    return counts;
  };
  return { train: sealed('train'), validation: sealed('validation'), eval: sealed('eval') };
}

/** A plan's sealed corpus; made again from its shards when it was damaged. @throws {ObjectMissing} when it was not sealed */
export async function readCorpus(store: Store, planKey: string): Promise<CorpusManifest> {
  const key = layout.corpus(planKey);
  try {
    return await readJson<CorpusManifest>(store, key);
  } catch (error) {
    if (!(error instanceof JsonDamaged)) throw error;
    // It was sealed, so as many clips were rejected as may be.
    const { manifest } = await joinShards(store, planKey, 1);
    await setAside(store, key);
    await store.create(key, encodeSealed(manifest));
    return manifest;
  }
}

async function joinShards(
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
    const sealed = await sealSplit(store, split, planned.listings, plan.chunkSeconds, maxRejected, content);
    const duplicates = content.duplicates[split];
    if (duplicates.count > 0) sealed.duplicates = duplicates;
    manifest.splits[split] = sealed;
  }
  return { manifest, content };
}

const SMALLEST_FIRST = ['validation', 'eval', 'train'] as const satisfies readonly Split[];

function refuseOverlap({ overlaps }: ContentIndex, allowed: boolean): void {
  if (overlaps.count === 0 || allowed) return;
  throw new PermanentError(
    'CorpusInvalid',
    `corpus.train: ${overlaps.count} training clips hold the very audio that the run is scored on: ${namesOf(overlaps)}; take them out of one table, or start the workers with --allow-overlap`,
  );
}

async function sealSplit(
  store: Store,
  split: Split,
  listings: string[],
  chunkSeconds: number,
  maxRejected: number,
  content: ContentIndex,
): Promise<NonNullable<CorpusManifest['splits']['train']>> {
  const sealed: NonNullable<CorpusManifest['splits']['train']> = {
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
    const shard = await readIngest(store, { split, shard: sealed.shardsOf.length, ingest });
    const chunks = shard.clips.reduce((sum, clip) => sum + chunkPlan(clip.samples, chunkSeconds).length, 0);
    sealed.shardsOf.push({ ingest, audioSha256: shard.audioSha256, clips: shard.clips.length, chunks });
    sealed.clips += shard.clips.length;
    sealed.chunks += chunks;
    sealed.samples += shard.clips.reduce((sum, clip) => sum + clip.samples, 0);
    sealed.rejected += shard.rejected.length;
    sealed.labelled &&= shard.clips.every((clip) => clip.labels !== null);
    for (const clip of shard.clips) content.add(split, clip.clip, clip.sha256);
    const [first] = shard.rejected;
    if (first && !firstReason) firstReason = `${first.clip}: ${first.reason}`;
  }
  const share = sealed.rejected / Math.max(1, sealed.rejected + sealed.clips);
  if (share > maxRejected || sealed.clips === 0)
    throw new PermanentError(
      'CorpusInvalid',
      `corpus.${split}: ${sealed.rejected} of ${sealed.rejected + sealed.clips} clips were rejected, more than corpus.maxRejected = ${maxRejected} allows; the first is ${firstReason}`,
    );
  return sealed;
}
