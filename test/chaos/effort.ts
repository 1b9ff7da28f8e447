/**
 * What a fault cost: work that engines did twice, and the time until the run got on. Counted from
 * what the engines were witnessed to do.
 */
import type { Deed } from './witness';

/** Steps and rows that were computed again. @param planned of each */
export function workRepeated(deeds: readonly Deed[]): { steps: number; rows: number } {
  const steps = deeds.filter(({ unit }) => unit === 'steps').map(({ done }) => done);
  // Per shard: what each attempt did, and what the furthest of them reached.
  let [predicted, reached] = [0, 0];
  const rows = deeds.filter(({ unit }) => unit === 'rows');
  for (const shard of new Set(rows.map((deed) => deed.shard))) {
    const last = new Map<number, number>();
    const ofShard = rows.filter((deed) => deed.shard === shard);
    for (const { pid, done } of ofShard) {
      const before = last.get(pid) ?? 0;
      // Less than before: another attempt of the same engine.
      predicted += done > before ? done - before : done;
      last.set(pid, done);
    }
    reached += Math.max(...ofShard.map(({ done }) => done));
  }
  return { steps: steps.length - new Set(steps).size, rows: predicted - reached };
}

/**
 * Seconds from the fault to the first progress that goes beyond everything before it: a step never
 * trained, a row never predicted, a finished activity.
 * @param countsFromMs when the fault was over.
 * @returns null where the run had nothing left to do
 */
export function recoverySeconds(
  deeds: readonly Deed[],
  finishedMs: readonly number[],
  fault: { atMs: number; countsFromMs: number },
): number | null {
  const reached = new Map<string, number>();
  const times = finishedMs.filter((ms) => ms > fault.countsFromMs);
  for (const { ms, unit, shard, done } of deeds) {
    const of = `${unit} ${shard}`;
    if (done <= (reached.get(of) ?? 0)) continue;
    reached.set(of, done);
    if (ms > fault.countsFromMs) times.push(ms);
  }
  return times.length === 0 ? null : (Math.min(...times) - fault.atMs) / 1000;
}
