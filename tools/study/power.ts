/**
 * How many seeds decide a comparison: before it is run, from the spread of those there are. Pure.
 */
import { studentT } from '../../ced/metrics/student-t';
import { ERROR, errorOfLook, LOOKS } from './sequential-test';
import { halfWidth, SMALLEST_THAT_MATTERS } from './statistics';

/** The difference of mAP that a plan must be able to see, and how probably it sees it. */
export const PLANNED_DIFFERENCE = 0.01;
export const POWER = 0.8;

/**
 * The fewest seeds under which a paired t-test of `error`, taken once, finds `difference` with
 * `POWER`: √n · difference / deviation ≥ t(error) + t(power).
 */
export function seedsFor(
  deviation: number,
  difference = PLANNED_DIFFERENCE,
  error = ERROR,
): number {
  let seeds = 2;
  while (!sees(seeds, deviation, difference, error)) seeds++;
  return seeds;
}

/** The look at which the sequential test does; null if even its last one does not. */
export function lookFor(deviation: number, difference = PLANNED_DIFFERENCE): number | null {
  return LOOKS.find((look) => sees(look, deviation, difference, errorOfLook(look))) ?? null;
}

function sees(seeds: number, deviation: number, difference: number, error: number): boolean {
  const reach = studentT(seeds - 1, error) + studentT(seeds - 1, 2 * (1 - POWER));
  return Math.sqrt(seeds) * difference >= reach * deviation;
}

/**
 * The look at which a comparison that goes on like this is decided: its interval then leaves out 0,
 * or stays within ± 0.005; null if no look decides it.
 */
export function decidingLook({
  mean,
  deviation,
}: {
  mean: number;
  deviation: number;
}): number | null {
  const enough = Math.max(Math.abs(mean), SMALLEST_THAT_MATTERS - Math.abs(mean));
  return LOOKS.find((look) => halfWidth(deviation, look, errorOfLook(look)) < enough) ?? null;
}

/** Clips under which the sampling error of evaluation is half of `PLANNED_DIFFERENCE` at most. */
export function clipsFor({ deviation, clips }: { deviation: number; clips: number }): number {
  return Math.ceil(clips * (deviation / (PLANNED_DIFFERENCE / 2)) ** 2);
}

export interface Reached {
  readonly steps: number;
  readonly mAP: number;
}

/**
 * Steps after which a student reaches a share of its ensemble, if the gap between them goes on
 * falling as a power of the steps, as it did between two trainings; null if it did not fall.
 */
export function stepsToReach(
  share: number,
  ensembleMAP: number,
  [shorter, longer]: readonly [Reached, Reached],
): number | null {
  const [first, second] = [ensembleMAP - shorter.mAP, ensembleMAP - longer.mAP];
  const wanted = (1 - share) * ensembleMAP;
  if (second <= wanted) return longer.steps;
  const power = Math.log(first / second) / Math.log(longer.steps / shorter.steps);
  return power > 0 ? Math.round(longer.steps * (second / wanted) ** (1 / power)) : null;
}
