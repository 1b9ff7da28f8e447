/**
 * Learning rate over a run: linear warm-up from zero, then half a cosine down to a fraction of the
 * peak (paper, section 3.2).
 */
export interface Schedule {
  readonly learningRate: number;
  readonly warmupSteps: number;
  /** Steps of the whole run, warm-up included. */
  readonly totalSteps: number;
  /** Share of the peak left at the end. */
  readonly finalLearningRateFraction: number;
}

/**
 * Rate of the step numbered from 0. The first warm-up step is already above zero; after
 * `totalSteps` the final rate stays.
 */
export function learningRateAt(
  step: number,
  { learningRate, warmupSteps, totalSteps, finalLearningRateFraction }: Schedule,
): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - 1 - warmupSteps));
  const cosine = (1 + Math.cos(Math.PI * progress)) / 2;
  return learningRate * (finalLearningRateFraction + (1 - finalLearningRateFraction) * cosine);
}
