/**
 * What outputs look like when something is wrong with a teacher: numbers that are none, that don't
 * depend on the input, that know nothing between 0 and 1, or that went through a sigmoid twice.
 * Each wastes every hour that is spent on it, and none is an error anywhere else.
 */
import { knownColumns } from './known-columns';

const extreme = 1e-6;
const saturatedShare = 0.999;
/** σ(0) and σ(1): where probabilities land that are taken for logits. */
const lowestTwice = 0.5;
const highestTwice = 1 / (1 + Math.exp(-1));

/**
 * @param scores [rows, allClasses] of different clips, probabilities
 * @param declared whether a person said what the outputs are
 * @param missing classes that the teacher lacks: they are not looked at
 * @returns what is wrong, as the end of a sentence that names the teacher, or null; outputs are
 *   numbered as the columns of `scores` are
 */
export function outputFault(
  scores: Float32Array,
  rows: number,
  allClasses: number,
  declared: boolean,
  missing: readonly number[] = [],
): string | null {
  const classes = allClasses - missing.length;
  const probabilities = knownColumns(scores, allClasses, missing);
  const bad = probabilities.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const lacking = new Set(missing);
    const known = [...Array(allClasses).keys()].filter((index) => !lacking.has(index));
    return (
      `its output ${known[bad % classes]} for clip ${Math.floor(bad / classes)} is not a finite ` +
      'number'
    );
  }
  const outside = probabilities.find((value) => value < 0 || value > 1);
  if (outside !== undefined)
    return `it gives ${outside}, which is no probability; does it give logits?`;
  if (rows > 1 && probabilities.every((value, at) => value === probabilities[at % classes]))
    return (
      'its output is the same for every clip, check that its weights were loaded from the ' +
      'right file'
    );
  const extremes = probabilities.reduce(
    (count, value) => count + (value < extreme || value > 1 - extreme ? 1 : 0),
    0,
  );
  const ones = probabilities.some((value) => value > 1 - extreme);
  if (ones && extremes >= saturatedShare * probabilities.length)
    return (
      `${((100 * extremes) / probabilities.length).toFixed(1)} % of its outputs are 0 or 1: ` +
      'it is saturated, check what scale of samples it expects'
    );
  // A float32 sigmoid may fall a last bit short.
  if (
    declared &&
    probabilities.every((value) => value >= lowestTwice && value <= highestTwice + extreme)
  )
    return (
      'all of its outputs lie between σ(0) and σ(1): it gives probabilities and is declared ' +
      'to give logits'
    );
  return null;
}

/**
 * Why one row of outputs says nothing of its clip: a network that found no whole window in a short
 * clip gives zeros, equal values or NaN.
 * @param values [rows, classes], all of the teacher's own classes, as probabilities
 * @returns the end of a sentence that names the teacher, or null
 */
export function rowFault(values: Float32Array, row: number, classes: number): string | null {
  const own = values.subarray(row * classes, (row + 1) * classes);
  if (own.some((value) => !Number.isFinite(value))) return 'gives values that are no numbers';
  const [first = 0] = own;
  if ((classes > 1 || first === 0) && own.every((value) => value === first))
    return `gives ${first} for every class`;
  return null;
}
