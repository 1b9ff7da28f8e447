import fc from 'fast-check';
import { frameCount } from '../../../ced/audio/frames';
import { drawAugmentation, melBins, type AugmentConfig } from '../../../ced/augment/parameters';

const paper: AugmentConfig = {
  shift: { maxFraction: 0.5, probability: 0.5 },
  timeMask: { maxFrames: 192 },
  freqMask: { maxBins: 24 },
};
const clipSha256 = '0123456789abcdef'.repeat(4);
const views = (count: number, samples = 160_000, config = paper) =>
  Array.from({ length: count }, (_, view) =>
    drawAugmentation(config, { seed: 1, clipSha256, chunk: 0, view }, samples),
  );

describe('the parameters of a view', () => {
  it('are a pure function of seed, clip, chunk and view, and differ when any of them does', () => {
    const identity = { seed: 1, clipSha256, chunk: 0, view: 0 };
    const drawn = drawAugmentation(paper, identity, 160_000);
    expect(drawAugmentation(paper, { ...identity }, 160_000)).toEqual(drawn);
    for (const other of [{ seed: 2 }, { clipSha256: 'f'.repeat(64) }, { chunk: 1 }, { view: 1 }]) {
      expect(drawAugmentation(paper, { ...identity, ...other }, 160_000)).not.toEqual(drawn);
    }
  });

  it('stay inside the chunk and the configured limits, however short the chunk', () => {
    const config = fc.record({
      shift: fc.record({
        maxFraction: fc.double({ min: 0, max: 0.5, noNaN: true }),
        probability: fc.constantFrom(0, 0.5, 1),
      }),
      timeMask: fc.record({ maxFrames: fc.nat(300) }),
      freqMask: fc.record({ maxBins: fc.nat(80) }),
    });
    fc.assert(
      fc.property(
        config,
        fc.integer({ min: 1, max: 200_000 }),
        fc.nat(50),
        (limits, samples, view) => {
          const p = drawAugmentation(limits, { seed: 9, clipSha256, chunk: 0, view }, samples);
          expect(p.shift).toBeGreaterThanOrEqual(0);
          expect(Math.min(p.shift, samples - p.shift)).toBeLessThanOrEqual(
            limits.shift.maxFraction * samples,
          );
          expect(p.timeWidth).toBeLessThanOrEqual(limits.timeMask.maxFrames);
          expect(p.timeStart + p.timeWidth).toBeLessThanOrEqual(frameCount(samples));
          expect(p.freqWidth).toBeLessThanOrEqual(limits.freqMask.maxBins);
          expect(p.freqStart + p.freqWidth).toBeLessThanOrEqual(melBins);
        },
      ),
    );
  });

  it('shift about half of the views, to either side alike, over the whole range', () => {
    const shifts = views(4000).map(({ shift }) => shift);
    const applied = shifts.filter((shift) => shift !== 0);
    expect(Math.abs(applied.length - 2000)).toBeLessThan(130);
    expect(
      Math.abs(applied.filter((shift) => shift <= 80_000).length - applied.length / 2),
    ).toBeLessThan(100);
    expect(Math.max(...applied)).toBeGreaterThan(159_000);
  });

  it('reach both the empty and the widest mask', () => {
    const drawn = views(4000);
    expect(new Set(drawn.map(({ timeWidth }) => timeWidth)).size).toBe(193);
    expect(new Set(drawn.map(({ freqWidth }) => freqWidth)).size).toBe(25);
  });

  it('place the two masks independently', () => {
    const drawn = views(4000);
    expect(
      Math.abs(
        correlation(
          drawn.map(({ timeWidth }) => timeWidth),
          drawn.map(({ freqWidth }) => freqWidth),
        ),
      ),
    ).toBeLessThan(0.05);
    expect(
      Math.abs(
        correlation(
          drawn.map(({ timeStart }) => timeStart),
          drawn.map(({ freqStart }) => freqStart),
        ),
      ),
    ).toBeLessThan(0.05);
  });

  it('are all zero when nothing is configured', () => {
    const nothing = {
      shift: { maxFraction: 0.5, probability: 0 },
      timeMask: { maxFrames: 0 },
      freqMask: { maxBins: 0 },
    };
    expect(views(1, 160_000, nothing)).toEqual([
      { shift: 0, timeStart: 0, timeWidth: 0, freqStart: 0, freqWidth: 0 },
    ]);
  });
});

function correlation(a: number[], b: number[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, index) => (value - meanA) * (b[index]! - meanB)));
  return (
    covariance /
    Math.sqrt(
      mean(a.map((value) => (value - meanA) ** 2)) * mean(b.map((value) => (value - meanB) ** 2)),
    )
  );
}
