/**
 * When the study may stop an arm. A comparison is looked at after 3, 5, 8, 12 and 20 seeds, and
 * each look may err with a part of 5 %, in proportion to the seeds that it adds (the spending
 * function of Kim and DeMets, 1987, with power 1). At a look the interval of Student's t has that
 * look's error. The errors add up to 5 %, so with a probability of at least 95 % the true
 * difference is in the intervals of all looks at once (Boole), and no rule for stopping that reads
 * these intervals errs more often. This needs differences of seeds that are normal, and no
 * knowledge of their spread. Pure.
 */
import { pairedDifference, type Difference } from './statistics';

export const ERROR = 0.05;
/** Seeds after which a comparison is looked at. */
export const LOOKS = [3, 5, 8, 12, 20] as const;
export const MOST_SEEDS = LOOKS.at(-1)!;

/** The part of `ERROR` that the look after so many seeds may spend. */
export function errorOfLook(seeds: number): number {
  const look = LOOKS.findIndex((each) => each === seeds);
  if (look < 0) throw new RangeError(`no look is taken after ${seeds} seeds`);
  return (ERROR * (seeds - (LOOKS[look - 1] ?? 0))) / MOST_SEEDS;
}

/** The last look that so many seeds allow; null before the first. */
export function lastLook(seeds: number): number | null {
  return LOOKS.findLast((look) => look <= seeds) ?? null;
}

/**
 * The difference at each look that the seeds allow. Seeds after the last wait for the next one.
 * @param pairs (reference, other) in the order of seeds, one a seed that both have
 * @returns before the first look the mean of what there is, without an interval
 */
export function differencesAtLooks(
  pairs: readonly (readonly [number, number])[],
): [Difference, ...Difference[]] {
  const [first, ...others] = LOOKS.filter((look) => look <= pairs.length).map((look) =>
    pairedDifference(pairs.slice(0, look), errorOfLook(look)),
  );
  return first === undefined
    ? [{ ...pairedDifference(pairs), halfWidth: null }]
    : [first, ...others];
}
