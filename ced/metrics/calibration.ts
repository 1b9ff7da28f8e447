/**
 * Whether probabilities mean what they say: of tags told with 0.7, seven in ten should be right.
 * Expected calibration error over bins of equal width (Guo et al., 2017,
 * https://arxiv.org/abs/1706.04599), for every clip and class alike.
 */
const BINS = 15;

export interface CalibrationBin {
  /** Scores in it, of all clips and classes. */
  count: number;
  /** Mean of the scores. */
  probability: number;
  /** Share of them that are positive. */
  share: number;
}

export interface Calibration {
  /** Mean distance of a score's bin from the truth: |share − probability|, by count. */
  error: number;
  /** Those with a score, ascending. */
  bins: CalibrationBin[];
}

/** @param scores [rows], probabilities; @param targets [rows], positive where not 0 */
export function calibration(scores: ArrayLike<number>, targets: ArrayLike<number>): Calibration {
  const sums = Array.from({ length: BINS }, () => ({ count: 0, scores: 0, positives: 0 }));
  for (let row = 0; row < scores.length; row++) {
    const bin = sums[Math.min(BINS - 1, Math.floor(scores[row]! * BINS))]!;
    bin.count++;
    bin.scores += scores[row]!;
    if (targets[row]) bin.positives++;
  }
  const bins = sums
    .filter(({ count }) => count > 0)
    .map(({ count, scores: sum, positives }) => ({
      count,
      probability: sum / count,
      share: positives / count,
    }));
  const distance = bins.reduce(
    (sum, { count, probability, share }) => sum + count * Math.abs(share - probability),
    0,
  );
  return { error: scores.length === 0 ? 0 : distance / scores.length, bins };
}
