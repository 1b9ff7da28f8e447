/** What of a store may go: referred to by nothing, old enough that no running worker has just made it, and needed by no training under way. */
import type { Store } from '../activities/storage/store';
import { trainingsUnderWay, type StoreUnit } from './store-units';

export interface Garbage {
  units: StoreUnit[];
  /** Units that nothing refers to and that stay for now, with why. */
  waiting: { name: string; bytes: number; why: string }[];
}

export function findGarbage(units: readonly StoreUnit[], { nowMs, minAgeMs }: { nowMs: number; minAgeMs: number }): Garbage {
  const underWay = trainingsUnderWay(units, nowMs - minAgeMs);
  const garbage: Garbage = { units: [], waiting: [] };
  for (const unit of units) {
    if (unit.referredBy.length > 0) continue;
    const { name, bytes, kind } = unit;
    if (nowMs - unit.newestMs < minAgeMs) garbage.waiting.push({ name, bytes, why: 'young' });
    else if (underWay.length > 0 && !SERVES_NOBODY.includes(kind))
      garbage.waiting.push({ name, bytes, why: `${underWay[0]} is under way and may need it` });
    else garbage.units.push(unit);
  }
  return garbage;
}

/** Kinds that no running training reads; the checkpoints meant here are those of finished trainings, the others are young. */
const SERVES_NOBODY: readonly StoreUnit['kind'][] = ['quarantine', 'half-written', 'checkpoints'];

/** Manifests last written are first removed: what is left in between is a half-made object, as after a crash, and is made again when asked for. */
export async function removeUnits(store: Store, units: readonly StoreUnit[]): Promise<void> {
  for (const { objects } of units)
    for (const { key } of objects.toSorted((a, b) => Number(b.key.endsWith('.json')) - Number(a.key.endsWith('.json'))))
      await store.remove(key);
}
