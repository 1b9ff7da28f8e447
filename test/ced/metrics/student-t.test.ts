import { bothTails, studentT } from '../../../ced/metrics/student-t';

describe('quantiles of Student’s t', () => {
  it.each([
    // Printed tables, two-sided.
    [1, 0.05, 12.7062],
    [2, 0.05, 4.30265],
    [4, 0.05, 2.77645],
    [9, 0.05, 2.26216],
    [30, 0.05, 2.04227],
    [1000, 0.05, 1.96234],
    [2, 0.001, 31.5991],
    [19, 0.01, 2.86093],
    [4, 0.4, 0.940965],
  ])('with %i degrees of freedom at %f are %f', (degrees, error, expected) => {
    expect(studentT(degrees, error)).toBeCloseTo(expected, 4);
  });

  it('are where both tails hold the error, far out and near 0', () => {
    for (const degrees of [1, 2, 7, 40])
      for (const error of [1e-6, 0.003, 0.5, 0.97])
        expect(bothTails(studentT(degrees, error), degrees) / error).toBeCloseTo(1, 6);
  });

  it('of one degree of freedom are those of Cauchy’s distribution', () => {
    for (const error of [0.2, 0.05, 0.001])
      expect(studentT(1, error) * Math.tan((Math.PI * error) / 2)).toBeCloseTo(1, 8);
  });

  it('do not exist without a degree of freedom or an error', () => {
    expect(() => studentT(0, 0.05)).toThrow(RangeError);
    expect(() => studentT(3, 0)).toThrow(RangeError);
    expect(() => studentT(3, 1)).toThrow(RangeError);
  });
});
