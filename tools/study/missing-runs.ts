/** The runs that a question misses until it is decided, and their minutes. Pure. */
import type { Missing, Pair } from './evidence';
import type { Arm, Question } from './experiment';
import { MOST_SEEDS } from './sequential-test';

/** The seeds of an arm that a question misses. */
export interface PlannedRuns {
  readonly arm: Arm;
  readonly seeds: number;
  /** Of one run; null = not known. */
  readonly minutes: number | null;
}

/** What a comparison misses, by its arm. */
export interface MissingComparison {
  readonly missing: Missing;
  readonly look: number | null;
  readonly pairs: readonly Pair[];
}

/** An arm runs for its own comparison, the reference for the one that needs most seeds. */
export function missingRuns(
  { reference, comparisons }: Question,
  missing: readonly MissingComparison[],
  minutesOf: (arm: Arm) => number | null,
): PlannedRuns[] {
  const seeds = missing.map(({ missing: left, look, pairs }) => {
    const until = left === 'unknown' ? (look ?? MOST_SEEDS) : MOST_SEEDS;
    return typeof left === 'number' ? left : Math.max(0, until - pairs.length);
  });
  const arms = [reference, ...comparisons.map(({ arm }) => arm)];
  return arms.map((arm, index) => ({
    arm,
    seeds: index === 0 ? Math.max(0, ...seeds) : seeds[index - 1]!,
    minutes: minutesOf(arm),
  }));
}

/** The trainings, one each, of models that these runs need and that are not there. */
export function neededRuns(
  runs: readonly PlannedRuns[],
  isTrained: (arm: Arm) => boolean,
  minutesOf: (arm: Arm) => number | null,
): PlannedRuns[] {
  const needed = runs.flatMap(({ arm, seeds }) => (seeds > 0 && arm.needs ? [arm.needs] : []));
  return [...new Map(needed.map((arm) => [arm.id, arm])).values()]
    .filter((arm) => !isTrained(arm))
    .map((arm) => ({ arm, seeds: 1, minutes: minutesOf(arm) }));
}

/**
 * Minutes of training of these runs; an arm of several questions runs once. null where those of one
 * run are not known.
 */
export function minutesOfRuns(
  questions: readonly { readonly runs: readonly PlannedRuns[] }[],
): number | null {
  const most = new Map<string, number>();
  for (const { arm, seeds, minutes } of questions.flatMap(({ runs }) => runs)) {
    if (seeds === 0) continue;
    if (minutes === null) return null;
    most.set(arm.id, Math.max(most.get(arm.id) ?? 0, seeds * minutes));
  }
  return [...most.values()].reduce((sum, minutes) => sum + minutes, 0);
}
