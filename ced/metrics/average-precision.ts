/**
 * Average precision of one class, scikit-learn's definition: the sum over distinct thresholds of
 * (recall step) × (precision), without interpolation.
 * https://scikit-learn.org/stable/modules/generated/sklearn.metrics.average_precision_score.html
 */
import { rankingSteps } from './ranking';

/**
 * @param scores [rows]; @param targets [rows], positive where not 0
 * @returns null for a class without a positive, where recall is undefined
 */
export function averagePrecision(
  scores: ArrayLike<number>,
  targets: ArrayLike<number>,
): number | null {
  const steps = rankingSteps(scores, targets);
  const positives = steps.at(-1)?.truePositives ?? 0;
  if (positives === 0) return null;
  let sum = 0;
  let before = 0;
  for (const { truePositives, falsePositives } of steps) {
    sum +=
      ((truePositives - before) / positives) * (truePositives / (truePositives + falsePositives));
    before = truePositives;
  }
  return sum;
}
