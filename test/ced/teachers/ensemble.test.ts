import fc from 'fast-check';
import { combine, type TeacherOutput } from '../../../ced/teachers/ensemble';

const probabilities = (values: number[], weight = 1): TeacherOutput => ({
  values: Float32Array.from(values),
  output: 'probabilities',
  weight,
});

describe('an ensemble', () => {
  it('is the weighted mean of probabilities, whatever the scale of the weights', () => {
    for (const scale of [1, 2, 0.25]) {
      const mean = combine(
        [probabilities([0.25, 1], scale), probabilities([0.75, 0], 3 * scale)],
        1,
        2,
      );
      expect(Array.from(mean)).toEqual([0.625, 0.25]);
    }
  });

  it('takes logits through a sigmoid before the mean', () => {
    const logits: TeacherOutput = {
      values: Float32Array.of(0, Math.log(3)),
      output: 'logits',
      weight: 1,
    };
    expect(combine([logits], 1, 2)[0]).toBe(0.5);
    expect(combine([logits], 1, 2)[1]).toBeCloseTo(0.75, 6);
  });

  it("takes each teacher's classes where its class map says", () => {
    const wider: TeacherOutput = {
      ...probabilities([0.125, 0.25, 0.5, 0.75, 0.875, 1]),
      classMap: Int32Array.of(2, 0),
    };
    expect(Array.from(combine([wider], 2, 2))).toEqual([0.5, 0.125, 1, 0.75]);
  });

  it('sums in float32 in the given order', () => {
    const values = [0.1, 0.7, 0.3];
    const third = Math.fround(1 / 3);
    const expected = values
      .map(Math.fround)
      .reduce((sum, p) => Math.fround(sum + Math.fround(third * p)), 0);
    expect(
      combine(
        values.map((p) => probabilities([p])),
        1,
        1,
      )[0],
    ).toBe(expected);
  });

  it('never leaves [0, 1]', () => {
    const weights = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(weights, (list) => {
        expect(
          combine(
            list.map((weight) => probabilities([1, 0], weight)),
            1,
            2,
          )[0],
        ).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('takes the mean of a class over the teachers that know it', () => {
    const classes = 5;
    const member = fc.record({
      weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
      values: fc.array(fc.float({ min: 0, max: 1, noNaN: true }), {
        minLength: 2 * classes,
        maxLength: 2 * classes,
      }),
      missing: fc.uniqueArray(fc.nat(classes - 1), { maxLength: classes - 1 }),
    });
    const all = fc.array(member, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(all, member, (others, { values, weight }) => {
        const teachers = [...others, { values, weight, missing: [] as number[] }];
        const outputs = teachers.map((teacher) => ({
          ...probabilities(teacher.values, teacher.weight),
          missing: teacher.missing,
        }));
        const mean = combine(outputs, 2, classes);
        for (let index = 0; index < classes; index++) {
          const knowing = teachers.filter(({ missing }) => !missing.includes(index));
          const alone = combine(
            knowing.map((each) =>
              probabilities([each.values[index]!, each.values[classes + index]!], each.weight),
            ),
            2,
            1,
          );
          expect([mean[index], mean[classes + index]]).toEqual([...alone]);
        }
      }),
    );
  });

  it.each<[string, TeacherOutput[]]>([
    ['weight', []],
    ['weight', [probabilities([0.5, 0.5], 0)]],
    ['outputShape', [probabilities([0.5])]],
    ['outputShape', [{ ...probabilities([0.5, 0.5]), classMap: Int32Array.of(0, 2) }]],
    ['outputValue', [probabilities([0.5, 1.5])]],
    ['classesMissing', [{ ...probabilities([0.5, 0]), missing: [1] }]],
    ['outputValue', [{ values: Float32Array.of(NaN, 0), output: 'logits', weight: 1 }]],
  ])('refuses teachers with a wrong %s', (fault, teachers) => {
    expect(() => combine(teachers, 1, 2)).toThrow(
      expect.objectContaining({ code: 'TeacherInvalid', fault }) as Error,
    );
  });
});
