import { TeacherAgreement } from '../../../ced/metrics/teacher-agreement';
import { pairAgreement } from '../../../ced/metrics/pair-agreement';
import { philox, uniform } from '../../../ced/augment/random';

const classes = 4;
const draw = (teacher: number, rows: number): Float32Array =>
  Float32Array.from({ length: rows * classes }, (_, at) =>
    uniform(philox([teacher, 0], [at, 0, 0, 0])[0]),
  );

describe("the teachers' agreement", () => {
  it('is that of every two of them over all rows, whatever batches these came in', () => {
    const rows = 9;
    const teachers = [1, 2, 3].map((teacher) => draw(teacher, rows));
    const agreement = new TeacherAgreement(3);
    let from = 0;
    for (const part of [5, 1, 3]) {
      agreement.add(
        teachers.map((all) => all.subarray(from * classes, (from + part) * classes)),
        part,
        classes,
      );
      from += part;
    }
    const expected = [
      [0, 1],
      [0, 2],
      [1, 2],
    ].map(([one, other]) => ({
      between: [one, other],
      ...pairAgreement(teachers[one!]!, teachers[other!]!, rows, classes),
    }));
    expect(agreement.finish().map(({ between }) => between)).toEqual(
      expected.map(({ between }) => between),
    );
    agreement.finish().forEach(({ topMatch, meanDifference }, pair) => {
      expect(topMatch).toBeCloseTo(expected[pair]!.topMatch, 12);
      expect(meanDifference).toBeCloseTo(expected[pair]!.meanDifference, 12);
    });
  });

  it('is over the classes that both know, and none where they share no class', () => {
    const teachers = [1, 2, 3].map((teacher) => draw(teacher, 5));
    const agreement = new TeacherAgreement(3, [[], [0, 2], [1, 3]]);
    agreement.add(teachers, 5, classes);
    const columns = (table: Float32Array, ...known: number[]): number[] =>
      [...table].filter((_, at) => known.includes(at % classes));
    expect(agreement.finish()).toEqual([
      {
        between: [0, 1],
        ...pairAgreement(columns(teachers[0]!, 1, 3), columns(teachers[1]!, 1, 3), 5, 2),
      },
      {
        between: [0, 2],
        ...pairAgreement(columns(teachers[0]!, 0, 2), columns(teachers[2]!, 0, 2), 5, 2),
      },
    ]);
  });

  it('of one teacher is none', () => {
    const alone = new TeacherAgreement(1);
    alone.add([draw(1, 2)], 2, classes);
    expect(alone.finish()).toEqual([]);
  });
});
