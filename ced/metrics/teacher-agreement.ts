/**
 * How far the teachers of an ensemble agree, view by view: a free by-product of storing their mean,
 * kept in each shard's manifest. Two teachers are compared in the classes that both know; two that
 * share none are no pair.
 */
import { knownColumns } from '../teachers/known-columns';
import { pairAgreement } from './pair-agreement';

export interface TeacherPair {
  /** Numbers of two teachers, in run-file order. */
  between: [number, number];
  /** Share of rows where both have the same most probable class. */
  topMatch: number;
  /** Mean absolute difference of their probabilities. */
  meanDifference: number;
}

export class TeacherAgreement {
  private rows = 0;
  private pairs: TeacherPair[];

  /** @param missing of each teacher, the classes that it does not know; absent = none */
  constructor(
    teachers: number,
    private readonly missing: readonly (readonly number[])[] = [],
  ) {
    const numbers = Array.from({ length: teachers }, (_, teacher) => teacher);
    this.pairs = numbers.flatMap((one) =>
      numbers
        .slice(one + 1)
        .map((other): TeacherPair => ({ between: [one, other], topMatch: 0, meanDifference: 0 })),
    );
  }

  /** @param probabilities of each teacher, [rows, classes] */
  add(probabilities: readonly Float32Array[], rows: number, classes: number): void {
    this.rows += rows;
    this.pairs = this.pairs.filter(({ between }) => this.missingOf(between).length < classes);
    for (const pair of this.pairs) {
      const missing = this.missingOf(pair.between);
      const [one, other] = pair.between.map((teacher) =>
        knownColumns(probabilities[teacher]!, classes, missing),
      ) as [Float32Array, Float32Array];
      const shared = classes - missing.length;
      const { topMatch, meanDifference } = pairAgreement(one, other, rows, shared);
      pair.topMatch += (rows / this.rows) * (topMatch - pair.topMatch);
      pair.meanDifference += (rows / this.rows) * (meanDifference - pair.meanDifference);
    }
  }

  /** Over all rows; none for a single teacher. */
  finish(): TeacherPair[] {
    return this.pairs;
  }

  /** Classes that one of the two does not know. */
  private missingOf(between: [number, number]): number[] {
    return [...new Set(between.flatMap((teacher) => this.missing[teacher] ?? []))];
  }
}
