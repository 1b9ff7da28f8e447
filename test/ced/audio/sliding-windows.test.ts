import * as fc from 'fast-check';
import { SlidingWindows } from '../../../ced/audio/sliding-windows';

/** [start, samples] of each window. */
function windowsOf(parts: readonly number[], window: number, hop: number): number[][] {
  const sliding = new SlidingWindows(window, hop);
  let next = 0;
  const found = parts.flatMap((length) => [
    ...sliding.push(Int16Array.from({ length }, () => next++)),
  ]);
  const last = sliding.end();
  if (last) found.push(last);
  return found.map(({ start, pcm }) => [start, ...pcm]);
}

describe('windows over samples that come in parts', () => {
  it('are those of the whole, however it is cut; the last ends with the last sample', () => {
    const parts = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 });
    const sizes = fc.tuple(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 25 }));
    fc.assert(
      fc.property(parts, sizes, (lengths, [one, other]) => {
        const [window, hop] = [Math.max(one, other), Math.min(one, other)];
        const samples = lengths.reduce((sum, length) => sum + length, 0);
        const starts: number[] = [];
        for (let start = 0; start + window <= samples; start += hop) starts.push(start);
        const end = starts.length > 0 ? starts.at(-1)! + window : 0;
        if (end < samples) starts.push(Math.max(0, samples - window));
        const wanted = starts.map((start) => [
          start,
          ...Array.from({ length: Math.min(window, samples) }, (_, at) => start + at),
        ]);
        expect(windowsOf(lengths, window, hop)).toEqual(wanted);
      }),
    );
  });

  it('are given with their last sample, not later', () => {
    const sliding = new SlidingWindows(4, 2);
    expect([...sliding.push(new Int16Array(3))]).toHaveLength(0);
    expect([...sliding.push(new Int16Array(1))]).toHaveLength(1);
    expect([...sliding.push(new Int16Array(4))]).toHaveLength(2);
  });

  it('have a hop of at least a sample and at most a window', () => {
    expect(() => new SlidingWindows(4, 5)).toThrow(RangeError);
    expect(() => new SlidingWindows(4, 0)).toThrow(RangeError);
  });
});
