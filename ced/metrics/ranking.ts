/**
 * What average precision and ROC AUC share: scores walked from highest to lowest, one step for each
 * distinct score, as scikit-learn does, so that tied examples enter together and their order in the
 * table never counts.
 */
export interface RankingStep {
  readonly truePositives: number;
  readonly falsePositives: number;
}

/**
 * Cumulative counts after each distinct score, from the highest down.
 * @param scores [rows]; @param targets [rows], positive where not 0
 * @throws RangeError on unequal lengths or a score that is not a number
 */
export function rankingSteps(scores: ArrayLike<number>, targets: ArrayLike<number>): RankingStep[] {
  if (scores.length !== targets.length)
    throw new RangeError(`${scores.length} scores for ${targets.length} targets`);
  for (let row = 0; row < scores.length; row++)
    if (Number.isNaN(scores[row])) throw new RangeError(`the score of row ${row} is not a number`);
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row).sort(
    (a, b) => scores[b]! - scores[a]!,
  );
  const steps: RankingStep[] = [];
  let truePositives = 0;
  order.forEach((row, rank) => {
    if (targets[row]) truePositives++;
    const next = order[rank + 1];
    if (next === undefined || scores[next] !== scores[row])
      steps.push({ truePositives, falsePositives: rank + 1 - truePositives });
  });
  return steps;
}
