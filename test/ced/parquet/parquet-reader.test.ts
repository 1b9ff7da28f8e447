import { brotliCompressSync, constants } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { philox, streamKey } from '../../../ced/augment/random';
import { decodeShardTable, encodeShardTable } from '../../../ced/audio/shard-table';
import { FormatInvalid } from '../../../ced/format-invalid';
import { decodeLogitShard, encodeLogitShard } from '../../../ced/logits/shard-file';
import { readParquet } from '../../../ced/parquet/parquet-reader';
import { requiredColumn, writeParquet } from '../../../ced/parquet/parquet-writer';
import {
  editParquet,
  list,
  type ParquetEdit,
  type ThriftStruct,
} from '../../../tools/fuzz/parquet-edit';
import { randomLogitTable } from '../logits/random-table';

const MUTANTS = 400;

/** The same every time: bytes replaced by others, by ones or by zeros. */
function mutant(bytes: Uint8Array, number: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const [count] = philox(streamKey('parquet', 1), [number, 0, 0, 0]);
  for (let edit = 0; edit <= count % 3; edit++) {
    const [at, kind, value] = philox(streamKey('parquet', 2), [number, edit, 0, 0]);
    copy[at % copy.length] = [0xff, 0, value & 0xff][kind % 3]!;
  }
  return copy;
}

describe('a damaged Parquet file', () => {
  const rejections: unknown[] = [];
  const note = (error: unknown): void => void rejections.push(error);
  beforeAll(() => void process.on('unhandledRejection', note));
  afterAll(() => void process.off('unhandledRejection', note));

  it.each([
    [
      'of logits',
      async () =>
        await encodeLogitShard(randomLogitTable({ clips: 6, views: 4, classes: 30, topK: 5 })),
      decodeLogitShard,
    ],
    [
      'of clips',
      async () =>
        await encodeShardTable([
          { clip: 'a', sha256: 'x', offset: 0, samples: 5, labels: [1, 2] },
          { clip: 'b', sha256: 'y', offset: 5, samples: 9, labels: null },
        ]),
      decodeShardTable,
    ],
  ])('%s is read or refused, and ends nobody who waits for it', async (_, encode, decode) => {
    const bytes = await encode();
    const outcomes = new Set<string>();
    for (let number = 0; number < MUTANTS; number++)
      outcomes.add(
        await decode(mutant(bytes, number)).then(
          () => 'read',
          (error: unknown) => (error instanceof FormatInvalid ? 'refused' : String(error)),
        ),
      );
    await new Promise((resolve) => setImmediate(resolve));
    expect([...outcomes].sort()).toEqual(['read', 'refused']);
    expect(rejections).toEqual([]);
  });
});

describe('a Parquet file that claims more than it holds', () => {
  /** A column that is written with what it claims; `rows` and the page are the file's own. */
  const written = (
    data: unknown[] | Int32Array,
    { compress = (page: Uint8Array) => page, optional = false } = {},
  ): Uint8Array => {
    const writer = new ByteWriter(1000);
    const file = new ParquetWriter({
      writer,
      schema: [
        { name: 'root', num_children: 1 },
        { name: 'a', type: 'INT32', repetition_type: optional ? 'OPTIONAL' : 'REQUIRED' },
      ],
      codec: 'BROTLI',
      compressors: { BROTLI: compress },
      statistics: false,
    });
    void file.write({ columnData: [{ name: 'a', data: data as Int32Array, encoding: 'PLAIN' }] });
    void file.finish();
    return writer.getBytes().slice();
  };
  const read = (bytes: Uint8Array): ArrayLike<unknown> =>
    readParquet(bytes, 'logit shard').column('a', 'nullable int32');
  const compressed = (page: Uint8Array): Uint8Array =>
    brotliCompressSync(page, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });

  it('is read when it claims what it holds', () => {
    expect([...(read(written(Int32Array.of(1, 2), { compress: compressed })) as number[])]).toEqual(
      [1, 2],
    );
    expect(read(written([1, null], { compress: compressed, optional: true }))).toEqual([1, null]);
  });

  it('by a page that decompresses to more than its header says is refused at that length', () => {
    const bomb = brotliCompressSync(Buffer.alloc(2 ** 26), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
    });
    expect(bomb.length).toBeLessThan(20_000);
    const before = process.memoryUsage().arrayBuffers;
    expect(() => read(written(Int32Array.of(1, 2), { compress: () => bomb }))).toThrow(
      FormatInvalid,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
  });

  const good = written(Int32Array.of(1, 2), { compress: compressed });
  const group = (footer: ThriftStruct): ThriftStruct => list(footer['field_4'])[0]!;
  it.each<[string, ParquetEdit, string]>([
    [
      'rows in its footer',
      { footer: (footer) => (footer['field_3'] = group(footer)['field_3'] = 2n ** 40n) },
      `claims ${2 ** 40} rows, more than`,
    ],
    [
      'other rows in its footer than in its groups',
      { footer: (footer) => (footer['field_3'] = 3n) },
      'claims 3 rows, and 2 in its row groups',
    ],
    [
      'other rows in its pages than in its groups',
      { footer: (footer) => (footer['field_3'] = group(footer)['field_3'] = 3n) },
      'a column has 2 values in 3 rows',
    ],
    [
      'a negative number of rows',
      { footer: (footer) => (footer['field_3'] = group(footer)['field_3'] = -2n) },
      'claims -2 rows',
    ],
    [
      'bytes behind its end',
      { footer: (footer) => (list(group(footer)['field_1'])[0]!['field_3'].field_9 = 2n ** 50n) },
      'a column claims bytes',
    ],
    ['bytes of a page', { page: (header) => (header['field_3'] = 10_000) }, 'a page claims 10000'],
    [
      'bytes of a decompressed page',
      { page: (header) => (header['field_2'] = 2_000_000_000) },
      'claims more than its bytes can hold',
    ],
    [
      'a type of page that is none of data',
      { page: (header) => (header['field_1'] = 1) },
      'a page is of type INDEX_PAGE',
    ],
    [
      'nulls where none can be',
      { page: (header) => (header['field_8'].field_2 = 1) },
      'claims 1 nulls, its levels 0',
    ],
    [
      'levels where none can be',
      { page: (header) => (header['field_8'].field_5 = 1) },
      'a page is not where it was',
    ],
    [
      'another encoding',
      { page: (header) => (header['field_8'].field_4 = 7) },
      'a page is encoded by DELTA_BYTE_ARRAY',
    ],
  ])('of %s is refused', (_, edit, reason) => {
    expect([...(read(editParquet(good, {})) as number[])]).toEqual([1, 2]);
    expect(() => read(editParquet(good, edit))).toThrow(reason);
  });

  it('by a run of levels that is longer than its page is refused', () => {
    const nulls = new Array<null>(20).fill(null);
    const bytes = written([...nulls, 1], { compress: compressed, optional: true });
    expect(read(bytes)).toEqual([...nulls, 1]);
    // A run of equal levels: twice its length, and the level.
    const at = Buffer.from(bytes).indexOf(Buffer.from([20 << 1, 0]));
    expect(at).toBeGreaterThan(0);
    for (const [run, reason] of [
      [[0x7e, 0], 'a run of 63 numbers, where 21 are left'],
      [[20 << 1, 3], 'a level is 3, above 1'],
    ] as const) {
      const lying = Uint8Array.from(bytes);
      lying.set(run, at);
      expect(() => read(lying)).toThrow(reason);
    }
  });

  it('of another kind than it is asked for is refused by its name', async () => {
    const bytes = await writeParquet(
      [
        {
          name: 'clip',
          schema: requiredColumn('clip', 'BYTE_ARRAY', null),
          encoding: 'PLAIN',
          data: ['5'],
        },
      ],
      { quality: 1, metadata: {} },
    );
    const table = readParquet(bytes, 'logit shard');
    expect(() => table.column('clip', 'int32')).toThrow(
      'not a valid logit shard: its column clip is no int32',
    );
    expect(() => table.column('other', 'text')).toThrow('it has no column other');
    expect(table.column('clip', 'text')).toEqual(['5']);
  });
});
