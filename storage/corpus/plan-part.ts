/**
 * A job of one shard needs one hash of a plan. A split of many shards has its listings' hashes in
 * parts beside the plan, so that a job reads as much whatever the corpus; a part that is missing,
 * as in plans of earlier versions, is made again from the plan.
 */
import { z } from 'zod';
import { SPLITS, type Split } from '../../workflows/contract/models';
import { encodeChecksummed } from '../checksum';
import { layout } from '../layout';
import { createAnew, readRecordOrQuarantine } from '../quarantine';
import { record } from '../record';
import { encodeJson, sha256, type Store } from '../store';
import { readPlan, type PlanManifest } from './plan-manifest';

/** Splits of so many shards or fewer have no parts: their whole manifest is as small. */
export const SHARDS_PER_PART = 64;

export const planPartRecord = record(
  'part of a plan',
  1,
  z.object({ formatVersion: z.literal(1), listings: z.array(z.string()) }),
);

export function planKeyOf(plan: PlanManifest): string {
  return sha256(encodeJson(plan));
}

/** Writes a plan under its key, its parts first. */
export async function createPlan(store: Store, plan: PlanManifest): Promise<void> {
  const planKey = planKeyOf(plan);
  for (const split of SPLITS)
    for (const part of partsOf(plan.splits[split]?.listings.length ?? 0))
      await createPart(store, planKey, plan, split, part);
  await createAnew(store, layout.plan(planKey), encodeJson(plan));
}

/** @returns undefined where the plan has no such shard. @throws as `readPlan` */
export async function plannedListingSha256(
  store: Store,
  planKey: string,
  split: Split,
  shard: number,
): Promise<string | undefined> {
  const part = partOf(shard);
  const key = layout.planPart(planKey, split, part);
  const found = await readRecordOrQuarantine(store, key, planPartRecord);
  if (found) return found.listings[shard % SHARDS_PER_PART];
  const plan = await readPlan(store, planKey);
  const listings = plan.splits[split]?.listings ?? [];
  if (partsOf(listings.length).includes(part)) await createPart(store, planKey, plan, split, part);
  return listings[shard];
}

/** Numbers of a split's parts; none where it has few shards. */
export function partsOf(shards: number): number[] {
  return shards <= SHARDS_PER_PART
    ? []
    : Array.from({ length: Math.ceil(shards / SHARDS_PER_PART) }, (_, part) => part);
}

export function partOf(shard: number): number {
  return Math.floor(shard / SHARDS_PER_PART);
}

export function entriesOfPart<T>(entries: readonly T[], part: number): T[] {
  return entries.slice(part * SHARDS_PER_PART, (part + 1) * SHARDS_PER_PART);
}

async function createPart(
  store: Store,
  planKey: string,
  plan: PlanManifest,
  split: Split,
  part: number,
): Promise<void> {
  const listings = entriesOfPart(plan.splits[split]?.listings ?? [], part);
  const key = layout.planPart(planKey, split, part);
  await createAnew(store, key, encodeChecksummed({ formatVersion: 1, listings }));
}
