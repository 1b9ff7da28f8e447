/**
 * Ensemble weights by evidence: fitted to the macro mAP of scores that are already stored, on a
 * labelled split. A fit finds noise as easily as knowledge, so it has to prove itself on clips that
 * it did not see: the clips are cut into folds, and each fold is scored with weights fitted on the
 * others. A member stays if it helps there, and the weights of the run file stay unless the 95 %
 * interval of the gain over the folds (Student's t) is above 0.
 */
import { counted } from '../counted';
import { permutation } from '../augment/random';
import { meanAveragePrecisionInParts } from '../metrics/mean-average-precision';
import { normalised, searchWeights, type WeightSearch } from './weight-search';

const FOLDS = 5;
/** Two-sided 95 % quantiles of Student's t, by degrees of freedom from 1. */
const T_QUANTILES = [12.706, 4.303, 3.182, 2.776];

export interface ScoredEnsemble {
  /** Of each teacher in run-file order: [clips, classes], and the classes that it lacks. */
  readonly members: readonly { values: Float32Array; missing: readonly number[] }[];
  /** [clips, classes], positive where not 0. */
  readonly labels: Uint8Array;
  readonly clips: number;
  readonly classes: number;
}

export interface EnsembleFit {
  /** Of each member, sum 1; 0 = left out. Those of the run file where nothing is gained. */
  weights: number[];
  /** mAP on all clips with the run file's weights, and with the chosen ones. */
  mAP: { before: number; after: number };
  /** Of mAP on clips that the weights were not fitted on, with its 95 % interval. */
  gain: { mean: number; low: number; high: number };
  /** How many folds these are over. */
  folds: number;
  /** Whether fitted weights were chosen. */
  fitted: boolean;
}

/**
 * @param given weights of the run file
 * @param onPart awaited before every 32 classes of a score; may throw to give up
 * @throws RangeError for fewer than two clips
 */
export async function fitEnsemble(
  ensemble: ScoredEnsemble,
  { search, given, seed }: { search: WeightSearch; given: readonly number[]; seed: number },
  onPart: () => Promise<void> = () => Promise.resolve(),
): Promise<EnsembleFit> {
  if (ensemble.clips < 2)
    throw new RangeError(`${counted(ensemble.clips, 'clip', 'clips')} cannot be cut into folds`);
  const before = normalised(given);
  const on = (rows: Uint32Array) => (weights: readonly number[]) =>
    mixtureMAP(ensemble, weights, rows, onPart);
  const order = permutation(seed, 0, ensemble.clips);
  const folds = Math.min(FOLDS, ensemble.clips);
  const gains: number[] = [];
  const proofs = before.map((): number[] => []);
  for (let fold = 0; fold < folds; fold++) {
    const held = order.filter((_, at) => at % folds === fold);
    const others = order.filter((_, at) => at % folds !== fold);
    const weights = covering(ensemble, await searchWeights(search, before, on(others)));
    const reached = await on(held)(weights);
    gains.push(reached - (await on(held)(before)));
    for (const [member, weight] of weights.entries())
      if (weight === 1) proofs[member]!.push(Infinity);
      else if (weight > 0)
        proofs[member]!.push(reached - (await on(held)(normalised(weights.with(member, 0)))));
  }
  const searched = await searchWeights(search, before, on(order));
  const proved = searched.map((weight, member) => (meanOf(proofs[member]!) > 0 ? weight : 0));
  const chosen = covering(ensemble, proved.some((weight) => weight > 0) ? proved : searched);
  const gain = interval(gains);
  const fitted = gain.low > 0;
  const givenMAP = await on(order)(before);
  const mAP = { before: givenMAP, after: fitted ? await on(order)(chosen) : givenMAP };
  return { weights: fitted ? chosen : before, mAP, gain, folds, fitted };
}

/**
 * Macro mAP of the weighted mean on some clips; 0 where no class has a positive among them. A class
 * that no weighted member knows is scored 0 for every clip.
 */
async function mixtureMAP(
  { members, labels, classes }: ScoredEnsemble,
  weights: readonly number[],
  rows: Uint32Array,
  onPart: () => Promise<void>,
): Promise<number> {
  const shares = classShares(members, weights, classes);
  const scores = new Float32Array(rows.length * classes);
  const targets = new Uint8Array(rows.length * classes);
  rows.forEach((row, at) => {
    targets.set(labels.subarray(row * classes, (row + 1) * classes), at * classes);
    members.forEach(({ values }, member) => {
      if (weights[member] === 0) return;
      const share = shares[member]!;
      for (let index = 0; index < classes; index++)
        scores[at * classes + index]! += share[index]! * values[row * classes + index]!;
    });
  });
  const table = { scores, targets, rows: rows.length, classes };
  return (await meanAveragePrecisionInParts(table, onPart)).mean ?? 0;
}

/** Each member's share in the mean of each class: over the members that know it. */
function classShares(
  members: ScoredEnsemble['members'],
  weights: readonly number[],
  classes: number,
): Float64Array[] {
  const shares = weights.map((weight) => new Float64Array(classes).fill(weight));
  members.forEach(({ missing }, member) => {
    for (const index of missing) shares[member]![index] = 0;
  });
  for (let index = 0; index < classes; index++) {
    const sum = shares.reduce((total, share) => total + share[index]!, 0);
    if (sum > 0) for (const share of shares) share[index]! /= sum;
  }
  return shares;
}

/**
 * Weights of sum 1 under which every class has a member that knows it: one that alone knows a class
 * gets the smallest weight of the others.
 */
function covering({ members, classes }: ScoredEnsemble, weights: readonly number[]): number[] {
  const covered = [...weights];
  const lacking = members.map(({ missing }) => new Set(missing));
  const smallest = Math.min(...weights.filter((weight) => weight > 0));
  for (let index = 0; index < classes; index++) {
    const knows = (member: number): boolean => !lacking[member]!.has(index);
    if (covered.some((weight, member) => weight > 0 && knows(member))) continue;
    const member = members.findIndex((_, each) => knows(each));
    if (member >= 0) covered[member] = smallest;
  }
  return normalised(covered);
}

function interval(gains: readonly number[]): EnsembleFit['gain'] {
  const mean = meanOf(gains);
  const squares = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (gains.length - 1) / gains.length);
  const reach = deviation * T_QUANTILES[gains.length - 2]!;
  return { mean, low: mean - reach, high: mean + reach };
}

/** -Infinity of none: a member that no fold picked has proved nothing. */
function meanOf(values: readonly number[]): number {
  if (values.length === 0) return -Infinity;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
