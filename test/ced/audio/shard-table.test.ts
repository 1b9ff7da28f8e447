import fc from 'fast-check';
import { decodeShardTable, encodeShardTable, type ShardClip } from '../../../ced/audio/shard-table';

const clip = fc.record({
  clip: fc.string({ unit: 'grapheme' }),
  sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  samples: fc.integer({ min: 1, max: 2 ** 31 }),
  labels: fc.option(fc.array(fc.nat(526), { maxLength: 4 })),
});
const shard = fc.array(clip, { maxLength: 12 }).map((clips) => {
  let offset = 0;
  return clips.map((entry): ShardClip => ({
    ...entry,
    offset: (offset += entry.samples) - entry.samples,
  }));
});

describe('the table of an audio shard', () => {
  it('survives the round trip, unlabelled clips apart from clips without a class', async () => {
    await fc.assert(
      fc.asyncProperty(shard, async (clips) =>
        expect(await decodeShardTable(await encodeShardTable(clips))).toEqual(clips),
      ),
      { numRuns: 50 },
    );
  });

  it('is the same bytes each time', async () => {
    const clips = fc.sample(shard, { numRuns: 1, seed: 7 })[0]!;
    expect(Buffer.compare(await encodeShardTable(clips), await encodeShardTable(clips))).toBe(0);
  });

  it('refuses clips that do not lie end to end', async () => {
    await expect(
      encodeShardTable([{ clip: 'a', sha256: '', offset: 5, samples: 5, labels: null }]),
    ).rejects.toThrow(RangeError);
  });

  it('lets equal clips share their samples, and no others', async () => {
    const [a, b] = [
      { clip: 'a', sha256: '1', offset: 0, samples: 5, labels: null },
      { clip: 'b', sha256: '2', offset: 5, samples: 5, labels: null },
    ];
    const shared = [a, b, { ...a, clip: 'again' }, { ...b, clip: 'c', sha256: '3', offset: 10 }];
    expect(await decodeShardTable(await encodeShardTable(shared))).toEqual(shared);
    for (const wrong of [
      { ...a, sha256: '3' },
      { ...a, samples: 4 },
      { ...a, offset: 5 },
    ])
      await expect(encodeShardTable([a, b, wrong])).rejects.toThrow(RangeError);
  });

  it('refuses bytes that are something else', async () => {
    const table = await encodeShardTable([
      { clip: 'a', sha256: '', offset: 0, samples: 5, labels: [1] },
    ]);
    for (const bytes of [
      table.subarray(0, table.length - 9),
      Buffer.from('{"clip":1}'),
      new Uint8Array(0),
    ]) {
      await expect(decodeShardTable(bytes)).rejects.toMatchObject({
        code: 'FormatInvalid',
        format: 'audio shard table',
      });
    }
  });
});
