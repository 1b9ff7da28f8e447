/**
 * How fast each member of a group takes its steps. The workflow sees no heartbeats: members tell
 * the leader's worker, which adds the rates to the epochs that the workflow is told of.
 */
import type { EpochRecord } from '../../workflows/contract/activities';
import type { LiveProgress } from '../../workflows/contract/live-progress';

export interface Rate {
  generation: number;
  /** Over its last steps. */
  stepsPerSecond: number;
}

/** null for what is no step in a group */
export function rateOf({ group, pace }: LiveProgress): Rate | null {
  if (!group || !pace || pace.stepMs <= 0) return null;
  const stepsPerSecond = Number((1000 / pace.stepMs).toPrecision(3));
  return { generation: group.generation, stepsPerSecond };
}

export class MemberRates {
  private generation = 0;
  /** By index, in the order of the generation's members; null = it has told none. */
  private rates = new Map<number, number | null>();

  /** Rates of another generation no longer count. */
  begin(generation: number, indices: readonly number[]): void {
    this.generation = generation;
    this.rates = new Map(indices.map((index) => [index, null]));
  }

  told(index: number, { generation, stepsPerSecond }: Rate): void {
    if (generation === this.generation && this.rates.has(index))
      this.rates.set(index, stepsPerSecond);
  }

  /** An epoch of the generation with its members' rates; another as it is. */
  addedTo(record: EpochRecord): EpochRecord {
    const { group } = record;
    if (group?.generation !== this.generation) return record;
    return { ...record, group: { ...group, stepsPerSecond: [...this.rates.values()] } };
  }
}
