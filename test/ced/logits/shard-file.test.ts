import fc from 'fast-check';
import { decodeLogitShard, encodeLogitShard } from '../../../ced/logits/shard-file';
import { createLogitTable } from '../../../ced/logits/logit-table';
import { randomLogitTable } from './random-table';

const small = { clips: 6, views: 4, classes: 30, topK: 5 };

describe('a logit shard', () => {
  it('survives the round trip', async () => {
    const shape = fc.record({
      clips: fc.integer({ min: 1, max: 6 }),
      views: fc.integer({ min: 1, max: 5 }),
      classes: fc.integer({ min: 4, max: 40 }),
      topK: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, fc.nat(1000), async (dimensions, seed) => {
        const table = randomLogitTable(dimensions, seed);
        expect(await decodeLogitShard(await encodeLogitShard(table))).toEqual(table);
      }),
      { numRuns: 25 },
    );
  });

  it('survives it at the limits of each column, with no view shifted, with no row', async () => {
    const extreme = createLogitTable(2, 2);
    extreme.clip.set([0, 0xffffffff]);
    extreme.chunk.set([0xffff, 0xffff]);
    extreme.view.set([0xffff, 0xffff]);
    extreme.timeStart.set([0, 0xffff]);
    extreme.freqWidth.set([0, 0xff]);
    extreme.indexes.set([0xffff, 0, 3, 4]);
    extreme.values.set([0x3c00, 0x0001, 0x0000, 0x0000]);
    expect(await decodeLogitShard(await encodeLogitShard(extreme))).toEqual(extreme);
    const empty = createLogitTable(0, 2);
    expect(await decodeLogitShard(await encodeLogitShard(empty))).toEqual(empty);
  });

  it('is read as well from a Buffer that shares its memory with others', async () => {
    const table = randomLogitTable(small);
    const bytes = await encodeLogitShard(table);
    const shared = Buffer.concat([Buffer.alloc(100, 1), bytes, Buffer.alloc(100, 2)]).subarray(
      100,
      100 + bytes.length,
    );
    expect(await decodeLogitShard(shared)).toEqual(table);
  });

  it('is the same bytes each time', async () => {
    expect(
      Buffer.compare(
        await encodeLogitShard(randomLogitTable(small)),
        await encodeLogitShard(randomLogitTable(small)),
      ),
    ).toBe(0);
  });

  it('costs at most 40 bytes a row at 20 of 52 classes', async () => {
    const table = randomLogitTable({ clips: 512, views: 8, classes: 52, topK: 20 });
    expect((await encodeLogitShard(table)).length / table.rows).toBeLessThan(40);
  });

  it('must be written in order, each class once a row', async () => {
    const table = randomLogitTable(small);
    table.view[1] = 0;
    await expect(encodeLogitShard(table)).rejects.toThrow(
      'row 1 of the logits is not after the row before it',
    );
    const repeated = randomLogitTable(small);
    repeated.indexes[6] = repeated.indexes[5]!;
    await expect(encodeLogitShard(repeated)).rejects.toThrow(
      'row 1 of the logits names a class twice',
    );
  });

  it('is refused when damaged or something else', async () => {
    const bytes = await encodeLogitShard(randomLogitTable(small));
    const flipped = bytes.slice();
    flipped[200]! ^= 0xff;
    for (const wrong of [
      bytes.subarray(0, bytes.length - 20),
      flipped,
      new Uint8Array(0),
      Buffer.from('PAR1'),
    ]) {
      await expect(decodeLogitShard(wrong)).rejects.toMatchObject({
        code: 'FormatInvalid',
        format: 'logit shard',
      });
    }
  });
});
