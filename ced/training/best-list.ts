/**
 * The best checkpoints so far. Ties go to the earlier step, so that the list does not depend on how
 * often a run was resumed.
 */
export interface BestEntry {
  step: number;
  epoch: number;
  /**
   * Higher is better: validation mAP, minus the BCE against the ensemble's targets, or the epoch
   * where there is no validation.
   */
  value: number;
  /** Of the file with its weights; absent in checkpoints of earlier versions. */
  sha256?: string;
}

/** The list with `entry` in it if it is among the `size` best, best first. */
export function withEntry(best: readonly BestEntry[], entry: BestEntry, size: number): BestEntry[] {
  return [...best, entry].sort((a, b) => b.value - a.value || a.step - b.step).slice(0, size);
}

/** Whether validations have gone by without a new best for as long as the settings say. */
export function hasStoppedEarly(
  { best, validated }: { best: readonly BestEntry[]; validated: readonly number[] },
  {
    earlyStop,
    earlyStopSteps,
  }: { readonly earlyStop: number; readonly earlyStopSteps?: number | undefined },
): boolean {
  if (earlyStopSteps === undefined)
    return earlyStop > 0 && validationsSinceBest(best, validated) >= earlyStop;
  const [top, last] = [best[0], validated.at(-1)];
  return top !== undefined && last !== undefined && last - top.step >= earlyStopSteps;
}

/** Validations since the best one was found. */
export function validationsSinceBest(
  best: readonly BestEntry[],
  validated: readonly number[],
): number {
  const top = best[0];
  return top ? validated.filter((step) => step > top.step).length : 0;
}
