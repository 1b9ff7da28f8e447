import { philox, streamKey, uniform } from '../../../ced/augment/random';
import { gainOfMoreSteps, slopeAtEnd, type Validated } from '../../../ced/training/learning-curve';

function noise(stream: number, index: number): number {
  const [first, second] = philox(streamKey('test of learning curves', stream), [index, 0, 0, 0]);
  return Math.sqrt(-2 * Math.log(1 - uniform(first))) * Math.cos(2 * Math.PI * uniform(second));
}

function curve(
  valueAt: (step: number) => number,
  { validations = 20, deviation = 0, stream = 0 } = {},
): Validated[] {
  return Array.from({ length: validations }, (_, index) => {
    const step = (index + 1) * 100;
    return { step, value: valueAt(step) + deviation * noise(stream, index) };
  });
}

const rising = (step: number): number => 0.4 - 2 * step ** -0.5;
const flat = (): number => 0.3;

describe('the slope at the end of a training', () => {
  it('is that of a line, without an error where there is no noise', () => {
    const slope = slopeAtEnd(curve((step) => 0.1 + 3e-5 * step))!;
    expect(slope.mean).toBeCloseTo(3e-5, 12);
    expect(slope.error).toBeLessThan(1e-12);
  });

  it('has the standard error of textbooks', () => {
    // y = 1, 2, 4, 3 at x = 1 … 4: slope 0.8, s² = 0.9, error √(0.9 / 5), t(2) = 4.303.
    const points = [1, 2, 4, 3].map((value, index) => ({ step: index + 1, value }));
    expect(slopeAtEnd(points)).toEqual({
      mean: expect.closeTo(0.8, 12) as number,
      error: expect.closeTo(4.30265 * Math.sqrt(0.9 / 5), 4) as number,
    });
  });

  it('is looked for in the last third alone', () => {
    const bent = curve((step) => Math.min(step, 1000) * 1e-4);
    expect(slopeAtEnd(bent)!.mean).toBeCloseTo(0, 12);
  });

  it('is not known from three validations', () => {
    expect(slopeAtEnd(curve(rising, { validations: 3 }))).toBeNull();
  });
});

describe('what more steps would bring', () => {
  const truth = rising(3000) - rising(2000);

  it('is what a curve of this family does', () => {
    const gain = gainOfMoreSteps(curve(rising), 1000)!;
    expect(gain.mean).toBeCloseTo(truth, 3);
  });

  it('is within its interval on noisy curves nearly always', () => {
    const gains = Array.from({ length: 200 }, (_, stream) =>
      gainOfMoreSteps(curve(rising, { deviation: 0.002, stream }), 1000)!,
    );
    const within = gains.filter(({ mean, error }) => Math.abs(mean - truth) <= error).length;
    expect(within).toBeGreaterThanOrEqual(190);
    // And tells something: the interval leaves out 0 in most of them.
    expect(gains.filter(({ mean, error }) => mean > error).length).toBeGreaterThan(150);
  });

  it('is seldom taken for something where the curve is flat', () => {
    const claimed = Array.from({ length: 200 }, (_, stream) =>
      gainOfMoreSteps(curve(flat, { deviation: 0.004, stream }), 1000)!,
    ).filter(({ mean, error }) => mean - error > 0);
    expect(claimed.length).toBeLessThanOrEqual(10);
  });

  it('is nothing on a curve that does not move', () => {
    expect(gainOfMoreSteps(curve(flat), 1000)).toEqual({
      mean: expect.closeTo(0, 12) as number,
      error: expect.closeTo(0, 12) as number,
    });
  });

  it('is not known from few validations', () => {
    expect(gainOfMoreSteps(curve(rising, { validations: 5 }), 1000)).toBeNull();
  });
});
