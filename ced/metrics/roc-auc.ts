/**
 * Area under the ROC curve of one class by the trapezoid rule, so that a tie between a positive and
 * a negative counts one half.
 */
import { rankingSteps } from './ranking';

/**
 * @param scores [rows]; @param targets [rows], positive where not 0
 * @returns null for a class that lacks positives or negatives
 */
export function rocAuc(scores: ArrayLike<number>, targets: ArrayLike<number>): number | null {
  const steps = rankingSteps(scores, targets);
  const { truePositives: positives, falsePositives: negatives } = steps.at(-1) ?? {
    truePositives: 0,
    falsePositives: 0,
  };
  if (positives === 0 || negatives === 0) return null;
  let doubledArea = 0;
  let before = { truePositives: 0, falsePositives: 0 };
  for (const step of steps) {
    doubledArea +=
      (step.falsePositives - before.falsePositives) * (step.truePositives + before.truePositives);
    before = step;
  }
  return doubledArea / (2 * positives * negatives);
}
