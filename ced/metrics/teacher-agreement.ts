/**
 * How far the teachers of an ensemble agree, view by view: a free by-product of
 * storing their mean, kept in each shard's manifest.
 */
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
  private readonly pairs: TeacherPair[];

  constructor(teachers: number) {
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
    for (const pair of this.pairs) {
      const [one, other] = pair.between.map((teacher) => probabilities[teacher]!) as [
        Float32Array,
        Float32Array,
      ];
      const { topMatch, meanDifference } = pairAgreement(one, other, rows, classes);
      pair.topMatch += (rows / this.rows) * (topMatch - pair.topMatch);
      pair.meanDifference += (rows / this.rows) * (meanDifference - pair.meanDifference);
    }
  }

  /** Over all rows; none for a single teacher. */
  finish(): TeacherPair[] {
    return this.pairs;
  }
}
