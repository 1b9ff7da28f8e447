/**
 * Searches for ensemble weights that score high. Both searches are deterministic: of equal scores
 * the first in run-file order wins, and the smallest gain that counts is above what rounding makes.
 *
 * - `greedy`: forward selection with replacement; a member's weight is how often it was picked
 *   (Caruana et al. 2004, Ensemble selection from libraries of models).
 * - `weighted`: from given weights, moves a share of the whole to one member, or all of one
 *   member's weight to the others, as long as that helps; then smaller shares.
 */

export type WeightSearch = 'greedy' | 'weighted';

/** @returns the score of weights, of which at least one is above 0: higher is better */
export type Evaluate = (weights: readonly number[]) => Promise<number>;

const SMALLEST_GAIN = 1e-9;
const MOST_PICKS = 20;
const SHARES = [1 / 2, 1 / 4, 1 / 8, 1 / 16];
/** Of moves by one share: each strictly improves, so this only bounds time. */
const MOST_MOVES = 32;

/**
 * @param start of each member, 0 or more, not all 0
 * @returns weights that sum to 1, some of them 0
 */
export async function searchWeights(
  search: WeightSearch,
  start: readonly number[],
  evaluate: Evaluate,
): Promise<number[]> {
  return search === 'greedy'
    ? await pickGreedily(start.length, evaluate)
    : await moveShares(normalised(start), evaluate);
}

/** Divided by their sum. */
export function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

async function pickGreedily(members: number, evaluate: Evaluate): Promise<number[]> {
  let picked = new Array<number>(members).fill(0);
  let reached = -Infinity;
  for (let picks = 0; picks < MOST_PICKS; picks++) {
    const options = picked.map((_, member) =>
      picked.map((count, index) => (index === member ? count + 1 : count)),
    );
    const best = await bestOf(options, reached, evaluate);
    if (!best) break;
    ({ weights: picked, score: reached } = best);
  }
  return normalised(picked);
}

async function moveShares(start: readonly number[], evaluate: Evaluate): Promise<number[]> {
  let weights = [...start];
  let reached = await evaluate(weights);
  for (const share of SHARES)
    for (let move = 0; move < MOST_MOVES; move++) {
      const best = await bestOf(moves(weights, share), reached, evaluate);
      if (!best) break;
      ({ weights, score: reached } = best);
    }
  return weights;
}

/** To every member, and away from every member that is not the only one. */
function moves(weights: readonly number[], share: number): number[][] {
  const towards = weights.map((_, member) =>
    weights.map((weight, index) => (1 - share) * weight + (index === member ? share : 0)),
  );
  const without = weights.flatMap((own, member) =>
    own === 0 || own === 1 ? [] : [normalised(weights.with(member, 0))],
  );
  return [...towards, ...without];
}

/** The first of the best, or null where none is better than what is reached. */
async function bestOf(
  options: readonly number[][],
  reached: number,
  evaluate: Evaluate,
): Promise<{ weights: number[]; score: number } | null> {
  let best: { weights: number[]; score: number } | null = null;
  for (const weights of options) {
    const score = await evaluate(weights);
    if (score > (best?.score ?? reached) + SMALLEST_GAIN) best = { weights, score };
  }
  return best;
}
