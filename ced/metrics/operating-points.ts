/**
 * What a threshold on a probability gives: precision and recall at every threshold worth a choice,
 * which is one below the score of a positive. A tag is told where its probability is the threshold
 * or more.
 */
import { z } from 'zod';

export const operatingPointSchema = z.object({
  threshold: z.number(),
  /** Share of the tags told that are right. */
  precision: z.number(),
  /** Share of the positives that are told. */
  recall: z.number(),
});
export type OperatingPoint = z.output<typeof operatingPointSchema>;

/**
 * From the highest threshold to the lowest, one for each distinct score of a positive.
 * @param scores [rows], probabilities; @param targets [rows], positive where not 0
 * @returns empty without a positive
 */
export function operatingPoints(
  scores: ArrayLike<number>,
  targets: ArrayLike<number>,
): OperatingPoint[] {
  const positives = sortedScores(scores, (row) => targets[row] !== 0);
  const negatives = sortedScores(scores, (row) => targets[row] === 0);
  const points: OperatingPoint[] = [];
  let belowPositives = positives.length;
  let belowNegatives = negatives.length;
  while (belowPositives > 0) {
    const score = positives[belowPositives - 1]!;
    while (belowPositives > 0 && positives[belowPositives - 1] === score) belowPositives--;
    while (belowNegatives > 0 && negatives[belowNegatives - 1]! >= score) belowNegatives--;
    const truePositives = positives.length - belowPositives;
    const falsePositives = negatives.length - belowNegatives;
    const next = Math.max(positives[belowPositives - 1] ?? 0, negatives[belowNegatives - 1] ?? 0);
    points.push({
      threshold: shortestBetween(next, score),
      precision: truePositives / (truePositives + falsePositives),
      recall: truePositives / positives.length,
    });
  }
  return points;
}

/** The harmonic mean of precision and recall. */
export function f1({ precision, recall }: OperatingPoint): number {
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** Ascending. */
function sortedScores(scores: ArrayLike<number>, isTaken: (row: number) => boolean): Float64Array {
  let count = 0;
  for (let row = 0; row < scores.length; row++) if (isTaken(row)) count++;
  const taken = new Float64Array(count);
  for (let row = scores.length - 1; row >= 0; row--)
    if (isTaken(row)) taken[--count] = scores[row]!;
  return taken.sort();
}

const MOST_DIGITS = 17;

/**
 * About the middle between two scores, above the lower and at most the higher, in as few digits as
 * there need be: the last bits of a score differ between machines and precisions.
 */
function shortestBetween(low: number, high: number): number {
  const middle = low + (high - low) / 2;
  for (let digits = 2; digits <= MOST_DIGITS; digits++) {
    const rounded = Number(middle.toPrecision(digits));
    if (low < rounded && rounded <= high) return rounded;
  }
  return high;
}
