/** Shards that a worker is computing now, known by their leases. */
import { isHeld } from '../../storage/shard-lease';
import type { Store } from '../../storage/store';
import type { StoreUnit } from './store-units';

/** @returns names of logits whose lease is held */
export async function leasedShards(
  store: Store,
  units: readonly StoreUnit[],
  nowMs: number,
): Promise<string[]> {
  const held: string[] = [];
  for (const { name, kind, objects } of units) {
    if (kind !== 'logits') continue;
    for (const { key } of objects)
      if (/\.lease(-[\w-]+)?$/.test(key) && (await isHeld(store, key, nowMs))) held.push(name);
  }
  return held;
}
