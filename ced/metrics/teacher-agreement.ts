/**
 * How far the teachers of an ensemble agree, view by view: a free by-product of storing their mean,
 * kept in each shard's manifest. Two teachers are compared in the classes that both know; two that
 * share none are no pair.
 */
import { sharedAgreement } from './pair-agreement';

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
    const share = rows / this.rows;
    const scoresOf = (teacher: number) => ({
      values: probabilities[teacher]!,
      missing: this.missing[teacher] ?? [],
    });
    this.pairs = this.pairs.flatMap(({ between, topMatch, meanDifference }) => {
      const [one, other] = between;
      const found = sharedAgreement(scoresOf(one), scoresOf(other), rows, classes);
      if (found === null) return [];
      return {
        between,
        topMatch: topMatch + share * (found.topMatch - topMatch),
        meanDifference: meanDifference + share * (found.meanDifference - meanDifference),
      };
    });
  }

  /** Over all rows; none for a single teacher. */
  finish(): TeacherPair[] {
    return this.pairs;
  }
}
