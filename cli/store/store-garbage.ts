/**
 * What of a store may go: referred to by nothing, old enough that no running worker has just made
 * it, and needed by no work under way: a run whose attempts go on, a training that writes, a shard
 * with a held lease. What such work needs is known to its workflow only. So nothing is taken from a
 * run, however young things may be removed.
 */
import type { Store } from '../../storage/store';
import { leasedShards } from './store-leases';
import { runsUnderWay } from './store-runs';
import { trainingsUnderWay, type StoreUnit } from './store-units';

/** A training that wrote this recently goes on, however young things may be removed. */
const WRITES_WITHIN_MS = 3_600_000;

export interface Garbage {
  units: StoreUnit[];
  /** Units that nothing refers to and that stay for now, with why. */
  waiting: { name: string; bytes: number; why: string }[];
}

export async function findGarbage(
  store: Store,
  units: readonly StoreUnit[],
  { nowMs, minAgeMs }: { nowMs: number; minAgeMs: number },
): Promise<Garbage> {
  const trainings = trainingsUnderWay(units, nowMs - Math.max(minAgeMs, WRITES_WITHIN_MS));
  const [atWork] = [
    ...trainings,
    ...runsUnderWay(units, nowMs),
    ...(await leasedShards(store, units, nowMs)),
  ];
  const garbage: Garbage = { units: [], waiting: [] };
  for (const unit of units) {
    if (unit.referredBy.length > 0) continue;
    const { name, bytes, kind } = unit;
    const own = trainings.find((training) => name.startsWith(`${training}/`));
    // A writer's temporary file is taken from it otherwise.
    const least = kind === 'half-written' ? Math.max(minAgeMs, WRITES_WITHIN_MS) : minAgeMs;
    if (nowMs - unit.newestMs < least) garbage.waiting.push({ name, bytes, why: 'young' });
    else if (own !== undefined) garbage.waiting.push({ name, bytes, why: `${own} is under way` });
    else if (atWork !== undefined && !SERVES_NOBODY.includes(kind))
      garbage.waiting.push({ name, bytes, why: `${atWork} is under way and may need it` });
    else garbage.units.push(unit);
  }
  return garbage;
}

/**
 * Kinds that no running training reads; the checkpoints meant here are those of finished trainings.
 */
const SERVES_NOBODY: readonly StoreUnit['kind'][] = ['quarantine', 'half-written', 'checkpoints'];

/**
 * Manifests last written are first removed: what is left in between is a half-made object, as after
 * a crash, and is made again when asked for.
 */
export async function removeUnits(store: Store, units: readonly StoreUnit[]): Promise<void> {
  for (const { objects } of units)
    for (const { key } of objects.toSorted(
      (a, b) => Number(b.key.endsWith('.json')) - Number(a.key.endsWith('.json')),
    ))
      await store.remove(key);
}
