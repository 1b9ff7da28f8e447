import type { Vocabulary } from '../../ced/teachers/vocabulary';
import { PermanentError } from '../../workflows/contract/failures';
import { layout } from '../layout';
import { sha256, type Store } from '../store';
import type { Split } from '../../workflows/contract/models';
import type { Listing } from '../../ced/corpus/listing';

export interface PlanManifest {
  formatVersion: 1;
  chunkSeconds: number;
  vocabulary: Vocabulary;
  /** SHA-256 of each listing, in shard order; null where the run file names no table. */
  splits: Record<
    'train' | 'validation' | 'eval',
    { listings: string[]; clips: number; rejected: number } | null
  >;
}

/**
 * A plan is named by its hash and names its listings by theirs. @throws {PermanentError}
 * CorpusInvalid when it is damaged: planning the tables again mends it
 */
export async function readPlan(store: Store, planKey: string): Promise<PlanManifest> {
  const key = layout.plan(planKey);
  const bytes = await store.read(key);
  if (bytes === null || sha256(bytes) !== planKey) throw damaged(store, key);
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as PlanManifest;
}

/**
 * A listing and its hash, which only its plan can tell from that of a damaged one. @throws as
 * `readPlan` when it is gone or torn
 */
export async function readListing(
  store: Store,
  planKey: string,
  split: Split,
  shard: number,
): Promise<{ listing: Listing; listingSha256: string }> {
  const key = layout.listing(planKey, split, shard);
  const bytes = await store.read(key);
  if (bytes === null) throw damaged(store, key);
  try {
    return {
      listing: JSON.parse(Buffer.from(bytes).toString('utf8')) as Listing,
      listingSha256: sha256(bytes),
    };
  } catch {
    throw damaged(store, key);
  }
}

/** @throws as `readPlan` unless it is the plan's */
export async function readPlannedListing(
  store: Store,
  plan: { planKey: string } & Pick<PlanManifest, 'splits'>,
  split: Split,
  shard: number,
): Promise<Listing> {
  const { listing, listingSha256 } = await readListing(store, plan.planKey, split, shard);
  if (listingSha256 !== plan.splits[split]?.listings[shard])
    throw damaged(store, layout.listing(plan.planKey, split, shard));
  return listing;
}

function damaged({ uri }: Store, key: string): PermanentError {
  return new PermanentError(
    'CorpusInvalid',
    `${uri}: ${key} is damaged or missing; start the run again, its tables are planned anew`,
  );
}
