import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { drawAugmentation } from '../../../ced/augment/parameters';
import { below, permutation, philox, streamKey, uniform } from '../../../ced/augment/random';
import golden from '../../reference/augmentation.json';

type Four = [number, number, number, number];

describe('Philox4x32-10', () => {
  it.each<[string, [number, number], [number, number, number, number], string]>([
    ['zeros', [0, 0], [0, 0, 0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [
      'ones',
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      '408f276d 41c83b0e a20bc7c6 6d5451fd',
    ],
    [
      'digits of pi',
      [0xa4093822, 0x299f31d0],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ])("passes its authors' known-answer test for %s", (_, key, counter, expected) => {
    expect(hex(philox(key, counter))).toBe(expected);
  });

  it('keeps uniforms below one and integers below their bound', () => {
    expect(uniform(0xffffffff)).toBeLessThan(1);
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.integer({ min: 1, max: 0xffffffff }), (word, count) => {
        expect(below(word, count)).toBe(Number((BigInt(word) * BigInt(count)) >> 32n));
      }),
    );
  });
});

describe('streams', () => {
  it('have the golden numbers of the documentation', () => {
    expect(hex(streamKey('permutation', 1))).toBe('17b27b90 c0d26c14');
    expect(Array.from(permutation(1, 0, 8))).toEqual([1, 7, 2, 3, 0, 6, 4, 5]);
  });

  it('are keyed by integers alone, since other numbers have more than one spelling', () => {
    expect(() => streamKey('augment', 0.5)).toThrow(RangeError);
  });

  it('visit every item once, in an order of its own for each epoch and seed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(1000), fc.nat(300), (seed, epoch, n) => {
        expect(Array.from(permutation(seed, epoch, n).sort())).toEqual(
          Array.from({ length: n }, (_, index) => index),
        );
      }),
    );
    expect(permutation(1, 0, 100)).not.toEqual(permutation(1, 1, 100));
    expect(permutation(1, 0, 100)).not.toEqual(permutation(2, 0, 100));
  });

  it('favour no position', () => {
    const counts = new Array<number>(5).fill(0);
    for (let epoch = 0; epoch < 5000; epoch++) counts[permutation(3, epoch, 5)[0]!]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

const paper = {
  shift: { maxFraction: 0.5, probability: 0.5 },
  timeMask: { maxFrames: 192 },
  freqMask: { maxBins: 24 },
};

describe('the golden numbers shared with python/', () => {
  it('are those of the generator, its keys and its orders', () => {
    for (const { key, counter, words } of golden.philox)
      expect(Array.from(philox(key as [number, number], counter as Four))).toEqual(words);
    for (const { parts, key } of golden.streamKeys)
      expect(streamKey(String(parts[0]), ...parts.slice(1))).toEqual(key);
    for (const { seed, epoch, order } of golden.permutations)
      expect(Array.from(permutation(seed, epoch, order.length))).toEqual(order);
  });

  it.each(golden.augmentations)('are the views of $samples samples', (known) => {
    known.views.forEach((expected, view) => {
      const p = drawAugmentation(paper, { ...known, view }, known.samples);
      expect([p.shift, p.timeStart, p.timeWidth, p.freqStart, p.freqWidth]).toEqual(expected);
    });
  });
});

describe('the Python in docs/formats.md', () => {
  const python = /```python\n([^]*?)```/.exec(
    readFileSync(join(__dirname, '../../../docs/formats.md'), 'utf8'),
  )![1]!;
  const run = (expression: string): unknown =>
    JSON.parse(
      execFileSync('python3', ['-c', `${python}\nimport json\nprint(json.dumps(${expression}))`], {
        encoding: 'utf8',
      }),
    );

  it('draws the same numbers, orders and augmentations', () => {
    expect(
      run('philox((0xa4093822, 0x299f31d0), (0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344))'),
    ).toEqual([0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]);
    expect(run('permutation(42, 7, 1001)')).toEqual(Array.from(permutation(42, 7, 1001)));

    const clipSha256 = 'ab'.repeat(32);
    const drawn = [64_000, 160_000, 777].flatMap((samples) =>
      Array.from({ length: 20 }, (_, view) => {
        const p = drawAugmentation(paper, { seed: 42, clipSha256, chunk: 3, view }, samples);
        return [p.shift, p.timeStart, p.timeWidth, p.freqStart, p.freqWidth];
      }),
    );
    expect(
      run(
        `[augmentation(42, "${clipSha256}", 3, view, samples) ` +
          'for samples in (64000, 160000, 777) for view in range(20)]',
      ),
    ).toEqual(drawn);
  });
});

function hex(words: readonly number[]): string {
  return words.map((word) => word.toString(16).padStart(8, '0')).join(' ');
}
