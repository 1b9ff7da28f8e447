/**
 * Agreement of two teachers on the same clips. Teachers that agree fully add nothing to each other;
 * a teacher that agrees with no other may have the wrong vocabulary.
 */
import { knownColumns } from '../teachers/known-columns';

export interface PairAgreement {
  /** Share of rows in which both name the same most probable class (ties to the lower class). */
  readonly topMatch: number;
  /** Mean absolute difference of their probabilities. */
  readonly meanDifference: number;
}

/** A teacher's probabilities, [rows, classes]. */
interface KnownScores {
  readonly values: Float32Array;
  /** Classes that it does not know. */
  readonly missing: readonly number[];
}

/** In the classes that both know; null where they share none. */
export function sharedAgreement(
  one: KnownScores,
  other: KnownScores,
  rows: number,
  classes: number,
): PairAgreement | null {
  const missing = [...new Set([...one.missing, ...other.missing])];
  const shared = classes - missing.length;
  if (shared === 0) return null;
  const known = ({ values }: KnownScores): Float32Array => knownColumns(values, classes, missing);
  return pairAgreement(known(one), known(other), rows, shared);
}

/** @param a [rows, classes]; @param b [rows, classes]: full probabilities */
export function pairAgreement(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  rows: number,
  classes: number,
): PairAgreement {
  if (a.length !== rows * classes || b.length !== a.length)
    throw new RangeError(`${a.length} and ${b.length} probabilities for ${rows} × ${classes}`);
  let matches = 0;
  let difference = 0;
  for (let row = 0; row < rows; row++) {
    let topOfA = row * classes;
    let topOfB = topOfA;
    for (let at = row * classes; at < (row + 1) * classes; at++) {
      if (a[at]! > a[topOfA]!) topOfA = at;
      if (b[at]! > b[topOfB]!) topOfB = at;
      difference += Math.abs(a[at]! - b[at]!);
    }
    if (topOfA === topOfB) matches++;
  }
  return {
    topMatch: rows === 0 ? 0 : matches / rows,
    meanDifference: a.length === 0 ? 0 : difference / a.length,
  };
}
