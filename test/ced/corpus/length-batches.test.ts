import fc from 'fast-check';
import { frameCount, wholePatches } from '../../../ced/audio/frames';
import { planBatches } from '../../../ced/corpus/length-batches';

const patches = (samples: number): number => wholePatches(frameCount(samples));
const itemsOf = (lengths: number[], size: number, grouping: 'patches' | 'samples'): number[][] =>
  planBatches(lengths, size, grouping).map(({ items }) => [...items]);

describe('batches by samples', () => {
  it('never mix lengths, and lose nothing', () => {
    expect(planBatches([3, 2, 3], 2, 'samples')).toEqual([
      { items: [0, 2], samples: 3, isOneLength: true },
      { items: [1], samples: 2, isOneLength: true },
    ]);
    expect(planBatches([], 2, 'samples')).toEqual([]);
  });
});

describe('batches by whole patches', () => {
  const lengths = fc.array(fc.integer({ min: 2400, max: 60_000 }), { maxLength: 200 });

  it('hold every item once, at most as many as asked for, all of as many patches', () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 9 }), (samples, size) => {
        const batches = planBatches(samples, size, 'patches');
        expect(batches.flatMap(({ items }) => items).sort((a, b) => a - b)).toEqual([
          ...samples.keys(),
        ]);
        for (const { items, samples: longest } of batches) {
          expect(items.length).toBeLessThanOrEqual(size);
          expect(new Set(items.map((item) => patches(samples[item]!))).size).toBe(1);
          expect(longest).toBe(Math.max(...items.map((item) => samples[item]!)));
        }
      }),
    );
  });

  it('leave at most one batch of each number of patches unfilled, shortest chunks first', () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 9 }), (samples, size) => {
        const rest = planBatches(samples, size, 'patches').filter(
          ({ items }) => items.length < size,
        );
        const counts = rest.map(({ samples: longest }) => patches(longest));
        expect(counts).toEqual([...counts].sort((a, b) => a - b));
        // The usual length has batches of its own.
        const groups = rest.map(({ isOneLength }, at) => `${counts[at]} ${isOneLength}`);
        expect(new Set(groups).size).toBe(groups.length);
      }),
    );
  });

  it('of chunks of one length are those of that length', () => {
    const lengths = Array.from({ length: 7 }, () => 64_000);
    expect(planBatches(lengths, 3, 'patches')).toEqual(planBatches(lengths, 3, 'samples'));
  });

  it('keep the length of most chunks apart from others with as many patches', () => {
    const [chunk, shorter] = [64_000, 63_999];
    expect(patches(chunk)).toBe(patches(shorter));
    expect(itemsOf([chunk, shorter, chunk, shorter, chunk], 2, 'patches')).toEqual([
      [0, 2],
      [1, 3],
      [4],
    ]);
    expect(planBatches([chunk, shorter, chunk, shorter], 4, 'patches')).toEqual([
      { items: [0, 1, 2, 3], samples: chunk, isOneLength: false },
    ]);
  });
});
