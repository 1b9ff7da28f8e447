import fc from 'fast-check';
import { cutShards, listShards } from '../../../ced/corpus/shards';
import type { Listing } from '../../../ced/corpus/listing';

const clip = (name: string, fingerprint = '1') => ({
  clip: name,
  audio: `/${name}.wav`,
  fingerprint,
  labels: null,
});
const clips = (names: string) => [...names].map((name) => clip(name));
const names = (shards: readonly { clip: string }[][]) =>
  shards.map((shard) => shard.map((each) => each.clip).join(''));
const listed = (shards: ReturnType<typeof cutShards>): Listing[] => listShards(shards, []);

describe('shards', () => {
  it('are cut in the order of the table', () => {
    expect(names(cutShards(clips('abcde'), 2))).toEqual(['ab', 'cd', 'e']);
  });

  it('keep their clips when the corpus grows at its end or middle, in new shards', () => {
    const first = listed(cutShards(clips('abcde'), 2));
    expect(names(cutShards(clips('abcdefgh'), 2, first))).toEqual(['ab', 'cd', 'e', 'fg', 'h']);
    expect(names(cutShards(clips('xaybcde'), 2, first))).toEqual(['ab', 'cd', 'e', 'xy']);
    expect(listed(cutShards(clips('abcdefgh'), 2, first)).slice(0, 3)).toEqual(first);
  });

  it('that lost a clip are listed without it, those that lost all are gone', () => {
    const first = listed(cutShards(clips('abcdef'), 2));
    expect(names(cutShards(clips('acd'), 2, first))).toEqual(['a', 'cd']);
  });

  it('see a source that was changed in its place', () => {
    const first = listed(cutShards(clips('abc'), 2));
    const touched = [clip('a'), clip('b', '2'), clip('c')];
    expect(cutShards(touched, 2, first)[0]?.[1]).toEqual(clip('b', '2'));
  });

  it('hold every clip of the table once, whatever came before', () => {
    const subset = fc.uniqueArray(fc.constantFrom(...'abcdefghijklmnop'), { minLength: 1 });
    fc.assert(
      fc.property(subset, subset, fc.integer({ min: 1, max: 5 }), (before, now, size) => {
        const earlier = listed(cutShards(clips(before.join('')), size));
        const shards = cutShards(clips(now.join('')), size, earlier);
        expect(
          shards
            .flat()
            .map((each) => each.clip)
            .sort(),
        ).toEqual([...now].sort());
        for (const shard of shards) expect(shard.length).toBeGreaterThan(0);
      }),
    );
  });

  it('of an empty split are one empty listing, which names what was rejected', () => {
    expect(listShards([], [{ clip: 'a', reason: 'gone' }])).toEqual([
      { formatVersion: 1, clips: [], rejected: [{ clip: 'a', reason: 'gone' }] },
    ]);
  });
});
