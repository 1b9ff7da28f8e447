import { drawMixup } from '../../../ced/augment/mixup';

describe('mixup weights', () => {
  it('are one for each example, the same for the same step and others for the next', () => {
    const drawn = drawMixup(0.5, { seed: 1, epoch: 2, step: 3 }, 8);
    expect(new Set(drawn).size).toBe(8);
    expect(drawMixup(0.5, { seed: 1, epoch: 2, step: 3 }, 8)).toEqual(drawn);
    expect(drawMixup(0.5, { seed: 1, epoch: 2, step: 4 }, 8)).not.toEqual(drawn);
    expect(drawMixup(0.5, { seed: 1, epoch: 3, step: 3 }, 8)).not.toEqual(drawn);
  });

  it('do not depend on the size of the batch around an example', () => {
    const identity = { seed: 1, epoch: 0, step: 0 };
    expect(drawMixup(0.5, identity, 3)).toEqual(drawMixup(0.5, identity, 32).subarray(0, 3));
  });

  it('are all zero, which mixes nothing, at alpha 0', () => {
    expect(drawMixup(0, { seed: 1, epoch: 0, step: 0 }, 2)).toEqual(Float32Array.of(0, 0));
    expect(() => drawMixup(-1, { seed: 1, epoch: 0, step: 0 }, 2)).toThrow(RangeError);
  });

  it.each([0.01, 0.2, 0.5, 1, 2, 8])('follow Beta(%d, %d): mean, variance and range', (alpha) => {
    const drawn = Array.from(drawMixup(alpha, { seed: 4, epoch: 0, step: 0 }, 10_000));
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(variance * 4 * (2 * alpha + 1) - 1)).toBeLessThan(0.06);
    expect(drawn.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it('follow the arcsine law at the alpha of the paper', () => {
    const drawn = Array.from(drawMixup(0.5, { seed: 5, epoch: 0, step: 0 }, 10_000)).sort(
      (a, b) => a - b,
    );
    const distance = drawn.map((value, rank) =>
      Math.abs((2 / Math.PI) * Math.asin(Math.sqrt(value)) - (rank + 0.5) / drawn.length),
    );
    // Kolmogorov–Smirnov at 0.1 %.
    expect(Math.max(...distance)).toBeLessThan(1.95 / Math.sqrt(drawn.length));
  });
});
