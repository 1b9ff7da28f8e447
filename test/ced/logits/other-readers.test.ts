import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpyInt16 } from '../../../ced/audio/npy';
import { encodeShardTable, type ShardClip } from '../../../ced/audio/shard-table';
import { halfValues } from '../../../ced/logits/half';
import { encodeLogitShard } from '../../../ced/logits/shard-file';
import { pythonWithReaders } from '../../../infra/toolchain';
import { randomLogitTable } from './random-table';

const clips: ShardClip[] = [
  { clip: 'flûte', sha256: 'aa', offset: 0, samples: 3, labels: [3, 17] },
  { clip: 'b', sha256: 'bb', offset: 3, samples: 2, labels: null },
  { clip: 'c', sha256: 'cc', offset: 5, samples: 1, labels: [] },
];
const table = randomLogitTable({ clips: 9, views: 5, classes: 60, topK: 12 });

/**
 * Each row as (clip, chunk, view, parameters, pairs sorted), from readers that know only Parquet.
 */
const script = `
import json, sys, numpy, pyarrow.parquet as pq, duckdb
folder, k = sys.argv[1], 12
def rows(table):
    return [[r["clip"], r["chunk"], r["view"], r["shift"],
             r["time_start"], r["time_width"], r["freq_start"], r["freq_width"],
             sorted([[-r[f"p{s:02d}"], r[f"i{s:02d}"]] for s in range(k)])] for r in table]
arrow = pq.read_table(folder + "/logits.parquet")
duck = duckdb.sql(f"select * from '{folder}/logits.parquet'")
names = [c[0] for c in duck.description]
types = {n: str(t) for n, t in zip(names, duck.types)}
audio = f"select clip, sha256, \\"offset\\", samples, labels from '{folder}/audio.parquet'"
print(json.dumps(dict(
    arrow=rows(arrow.to_pylist()), duck=rows([dict(zip(names, r)) for r in duck.fetchall()]),
    types=[types["clip"], types["view"], types["freq_width"], types["i00"], types["p00"]],
    audioArrow=[list(r.values()) for r in pq.read_table(folder + "/audio.parquet").to_pylist()],
    audioDuck=duckdb.sql(audio).fetchall(),
    npy=numpy.load(folder + "/audio.npy").tolist())))
`;

describe('the files of a store, read by pyarrow, DuckDB and NumPy', () => {
  let seen: Record<'arrow' | 'duck' | 'types' | 'audioArrow' | 'audioDuck' | 'npy', unknown>;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ced-formats-'));
    try {
      writeFileSync(join(folder, 'logits.parquet'), await encodeLogitShard(table));
      writeFileSync(join(folder, 'audio.parquet'), await encodeShardTable(clips));
      writeFileSync(
        join(folder, 'audio.npy'),
        encodeNpyInt16(6, [Int16Array.of(1, -2, 3), Int16Array.of(-32768, 32767, 0)]),
      );
      seen = JSON.parse(
        execFileSync(pythonWithReaders(), ['-c', script, folder], { encoding: 'utf8' }),
      ) as typeof seen;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('hold the logits that were written', () => {
    const expected = Array.from({ length: table.rows }, (_, row) => [
      table.clip[row],
      table.chunk[row],
      table.view[row],
      table.shift[row] || null,
      table.timeStart[row],
      table.timeWidth[row],
      table.freqStart[row],
      table.freqWidth[row],
      Array.from({ length: 12 }, (_, rank) => [
        -halfValues[table.values[row * 12 + rank]!]!,
        table.indexes[row * 12 + rank],
      ]),
    ]);
    expect(seen.arrow).toEqual(expected);
    expect(seen.duck).toEqual(expected);
  });

  it('have the column types of docs/formats.md', () => {
    expect(seen.types).toEqual(['UINTEGER', 'USMALLINT', 'UTINYINT', 'USMALLINT', 'DOUBLE']);
  });

  it('hold the table of clips, labels as lists', () => {
    const expected = clips.map(({ clip, sha256, offset, samples, labels }) => [
      clip,
      sha256,
      offset,
      samples,
      labels,
    ]);
    expect(seen.audioArrow).toEqual(expected);
    expect(seen.audioDuck).toEqual(expected);
  });

  it('hold the samples', () => {
    expect(seen.npy).toEqual([1, -2, 3, -32768, 32767, 0]);
  });
});
