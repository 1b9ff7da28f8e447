/**
 * Selects the objects that `ced store gc` may remove: unreferenced, old enough that no running
 * worker has just made them, and not needed by work under way (a run with recent attempts, a
 * training that writes, a shard with a held lease). Only its workflow knows what such work needs,
 * so nothing of it is removed at any minimum age.
 */
import type { Store } from '../../storage/store';
import { leasedShards } from './store-leases';
import { runsUnderWay } from './store-runs';
import { trainingsUnderWay, type StoreUnit } from './store-units';

/** A training that wrote this recently is under way, at any minimum age. */
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
 * Removes manifests first, which are written last: an interruption leaves a half-made object, as a
 * crash does, which is made again on demand.
 */
export async function removeUnits(store: Store, units: readonly StoreUnit[]): Promise<void> {
  for (const { objects } of units)
    for (const { key } of objects.toSorted(
      (a, b) => Number(b.key.endsWith('.json')) - Number(a.key.endsWith('.json')),
    ))
      await store.remove(key);
}
