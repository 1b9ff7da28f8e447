/**
 * Agreement of two teachers on the same clips. Teachers that agree fully add nothing to each other;
 * a teacher that agrees with no other may have the wrong vocabulary.
 */
export interface PairAgreement {
  /** Share of rows in which both name the same most probable class (ties to the lower class). */
  readonly topMatch: number;
  /** Mean absolute difference of their probabilities. */
  readonly meanDifference: number;
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
