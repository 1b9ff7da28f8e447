/**
 * Turns the run file's tables into immutable listings, one a shard, and a plan that names them.
 * Rows keep the table's order, so clips appended to a table leave every full shard as it was. Costs
 * one `stat` a clip, and the header of each video of AudioSet's segments; no audio is read.
 */
import type { Vocabulary } from '../ced/teachers/vocabulary';
import type { Plan, PlanInput, PlannedSplit } from '../workflows/contract/activities';
import { unevenClassesHints } from '../workflows/contract/class-balance';
import type { Hint } from '../workflows/contract/hints';
import { PermanentError } from '../workflows/contract/failures';
import type { ActivityDependencies } from './dependencies';
import { layout } from '../storage/layout';
import { encodeChecksummed } from '../storage/checksum';
import { createAnew, readRecordOrQuarantine } from '../storage/quarantine';
import { lastPlanRecord } from '../storage/corpus/last-plan';
import { encodeJson, sha256, type Store } from '../storage/store';
import { listClips } from './plan/list-clips';
import { readPlan, readPlannedListing, type PlanManifest } from '../storage/corpus/plan-manifest';
import { createPlan, planKeyOf } from '../storage/corpus/plan-part';
import { readTables } from './plan/read-table';
import { readVocabulary } from './plan/read-vocabulary';
import { requireOrigin } from './plan/run-origin';
import { cutShards, listShards } from '../ced/corpus/shards';
import { SPLITS, type Split } from '../workflows/contract/models';
import type { RejectedRow } from '../ced/corpus/table-row';
import type { ListedClip, Listing } from '../ced/corpus/listing';
import { singleClipNote } from '../ced/corpus/single-clips';

/** Nobody reads more, and a payload is small. */
const MOST_NOTES = 20;

export async function planCorpus(
  deps: ActivityDependencies,
  input: PlanInput,
  onProgress: (done: number, total: number) => void,
): Promise<Plan> {
  const store = deps.openStore(input.store);
  const notes = await requireOrigin(deps.root, input.origin);
  const vocabulary = await readVocabulary(deps, input.corpus.vocabulary, store);
  const listed: Record<Split, ListedSplit | null> = {
    train: null,
    validation: null,
    eval: null,
  };
  const hints: Hint[] = [];
  const earlier = input.continues === undefined ? null : await lastPlan(store, input.continues);
  for (const split of SPLITS) {
    const table = input.corpus[split];
    if (table === undefined) continue;
    const sources = deps.sources ?? {};
    const { audioRoot } = input.corpus;
    const read = await readTables(deps.root, `corpus.${split}`, table, sources, audioRoot);
    const { rows, rejected } = read;
    if (rows.length === 0)
      throw new PermanentError(
        'CorpusInvalid',
        `corpus.${split}: ${table} holds no usable row${firstOf(rejected)}, expected at ` +
          'least one clip',
      );
    const ignoreUnknownLabels = split === 'train' && input.trainLabels === 'ignored';
    const { root } = deps;
    const clips = await listClips(read, {
      root,
      vocabulary,
      sources,
      ignoreUnknownLabels,
      onProgress,
    });
    for (const note of read.notes) notes.push(`corpus.${split}: ${note}`);
    const shards = cutShards(
      clips,
      input.corpus.clipsPerShard,
      earlier ? await listingsOf(store, earlier, split) : [],
    );
    listed[split] = {
      listings: listShards(shards, rejected, input.corpus.channels),
      clips: clips.length,
      rejected: rejected.length,
      labelled: clips.filter(({ labels }) => labels !== null).length,
    };
    if (ignoreUnknownLabels) continue;
    const counts = classCounts(clips, vocabulary);
    if (split === 'train') hints.push(...unevenClassesHints(split, counts));
    const single = singleClipNote(counts);
    if (single !== null) notes.push(`corpus.${split}: ${single}`);
  }
  const encoded = mapSplits(listed, (split) =>
    split.listings.map((listing) => encodeJson(listing)),
  );
  const manifest: PlanManifest = {
    formatVersion: 1,
    chunkSeconds: input.chunkSeconds,
    vocabulary: vocabulary,
    splits: {
      train: describe(listed.train, encoded.train),
      validation: describe(listed.validation, encoded.validation),
      eval: describe(listed.eval, encoded.eval),
    },
  };
  const planKey = planKeyOf(manifest);
  for (const split of SPLITS)
    for (const [shard, listing] of (encoded[split] ?? []).entries())
      await createAnew(store, layout.listing(planKey, split, shard), listing);
  await createPlan(store, manifest);
  if (input.continues !== undefined)
    await store.replace(
      layout.lastPlan(input.continues),
      encodeChecksummed({ formatVersion: 1, planKey }),
    );
  return {
    planKey,
    classes: vocabulary.length,
    splits: mapSplits(listed, summary),
    ...(notes.length === 0 ? {} : { notes: notes.slice(0, MOST_NOTES) }),
    ...(hints.length === 0 ? {} : { hints }),
  };
}

function firstOf(rejected: readonly RejectedRow[]): string {
  const [first] = rejected;
  return first === undefined
    ? ''
    : ` (${rejected.length} rejected, the first is ${first.clip}: ${first.reason})`;
}

interface ListedSplit {
  listings: Listing[];
  clips: number;
  rejected: number;
  labelled: number;
}

function summary({ listings, clips, rejected, labelled }: ListedSplit): PlannedSplit {
  return { shards: listings.length, clips, rejected, labelled };
}

/** Clips of each class, in the vocabulary's order. */
export function classCounts(
  clips: readonly Pick<ListedClip, 'labels'>[],
  vocabulary: Vocabulary,
): { name: string; clips: number }[] {
  const counts = new Array<number>(vocabulary.length).fill(0);
  for (const { labels } of clips)
    for (const label of labels ?? []) counts[label] = (counts[label] ?? 0) + 1;
  return vocabulary.map(({ name }, index) => ({ name, clips: counts[index] ?? 0 }));
}

function describe(
  split: { clips: number; rejected: number } | null,
  encoded: Uint8Array[] | null,
): PlanManifest['splits']['train'] {
  return (
    split &&
    encoded && {
      listings: encoded.map((bytes) => sha256(bytes)),
      clips: split.clips,
      rejected: split.rejected,
    }
  );
}

function mapSplits<A, B>(
  splits: Record<Split, A | null>,
  map: (split: A) => B,
): Record<Split, B | null> {
  const { train, validation, eval: evaluation } = splits;
  return {
    train: train && map(train),
    validation: validation && map(validation),
    eval: evaluation && map(evaluation),
  };
}

interface EarlierPlan extends PlanManifest {
  planKey: string;
}

async function lastPlan(store: Store, run: string): Promise<EarlierPlan | null> {
  const pointer = await readRecordOrQuarantine(store, layout.lastPlan(run), lastPlanRecord);
  const plan = pointer && (await unlessDamaged(() => readPlan(store, pointer.planKey)));
  return pointer && plan && { ...plan, planKey: pointer.planKey };
}

/** @returns null if the record is damaged: shards are then cut afresh */
async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof PermanentError && error.code === 'CorpusInvalid') return null;
    throw error;
  }
}

async function listingsOf(store: Store, plan: EarlierPlan, split: Split): Promise<Listing[]> {
  const listings: Listing[] = [];
  for (let shard = 0; shard < (plan.splits[split]?.listings.length ?? 0); shard++) {
    const found = await unlessDamaged(() => readPlannedListing(store, plan, split, shard));
    if (found === null) return [];
    listings.push(found);
  }
  return listings;
}
