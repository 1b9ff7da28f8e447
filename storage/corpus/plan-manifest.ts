/** The plan of a corpus and its listings, one a shard. */
import { z } from 'zod';
import { listingSchema, type Listing } from '../../ced/corpus/listing';
import { vocabularySchema } from '../../ced/teachers/vocabulary';
import { PermanentError } from '../../workflows/contract/failures';
import type { Split } from '../../workflows/contract/models';
import { layout } from '../layout';
import { decodeRecord, record, RecordDamaged, type RecordFormat, type RecordOf } from '../record';
import { sha256, type Store } from '../store';

const plannedSplit = z
  .object({ listings: z.array(z.string()), clips: z.number(), rejected: z.number() })
  .nullable();

export const planRecord = record(
  'plan',
  1,
  z.object({
    formatVersion: z.literal(1),
    chunkSeconds: z.number(),
    vocabulary: vocabularySchema,
    /** SHA-256 of each listing, in shard order; null where the run file names no table. */
    splits: z.object({ train: plannedSplit, validation: plannedSplit, eval: plannedSplit }),
  }),
);
export type PlanManifest = RecordOf<typeof planRecord>;

export const listingRecord = record('listing', 1, listingSchema);

/**
 * A plan is named by its hash and names its listings by theirs. @throws {PermanentError}
 * CorpusInvalid when it is damaged: planning the tables again repairs it
 */
export async function readPlan(store: Store, planKey: string): Promise<PlanManifest> {
  const key = layout.plan(planKey);
  const bytes = await store.read(key);
  if (bytes === null || sha256(bytes) !== planKey) throw planDamaged(store, key);
  return decoded(store, key, planRecord, bytes);
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
  if (bytes === null) throw planDamaged(store, key);
  return { listing: decoded(store, key, listingRecord, bytes), listingSha256: sha256(bytes) };
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
    throw planDamaged(store, layout.listing(plan.planKey, split, shard));
  return listing;
}

function decoded<T>(store: Store, key: string, format: RecordFormat<T>, bytes: Uint8Array): T {
  try {
    return decodeRecord(store, key, format, bytes).value;
  } catch (error) {
    throw error instanceof RecordDamaged ? planDamaged(store, key, error.why) : error;
  }
}

/** What planning the tables again repairs. */
export function planDamaged({ uri }: Store, key: string, why = ''): PermanentError {
  return new PermanentError(
    'CorpusInvalid',
    `${uri}: ${key} is damaged or missing${why && ` (${why})`}; start the run again, its ` +
      'tables are planned anew',
  );
}
