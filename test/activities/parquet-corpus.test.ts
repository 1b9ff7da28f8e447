import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeClip } from '../../activities/ingest/decode-clip';
import { readClips } from '../../activities/ingest/read-clips';
import { listClips } from '../../activities/plan/list-clips';
import { readTables } from '../../activities/plan/read-table';
import type { ListedClip } from '../../ced/corpus/listing';
import type { TableRows } from '../../ced/corpus/table-row';
import { encodeHubParquet, type HubFile, type HubRow } from '../../tools/corpora/hub-parquet';
import { noiseWav } from '../support/noise-wav';

const names = ['dog', 'rain', 'clock tick'];

describe('a Parquet file of clips', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-parquet-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const rowsOf = (count: number, prefix = 'clip'): HubRow[] =>
    Array.from({ length: count }, (_, row) => ({
      audio: { bytes: noiseWav(`${prefix} ${row}`), path: `${prefix} ${row}.wav` },
      label: row % 3,
    }));
  const put = (name: string, rows: HubRow[], file: HubFile = { names }): void =>
    writeFileSync(join(folder, name), encodeHubParquet(rows, file));
  const table = (pattern: string): Promise<TableRows> =>
    readTables(folder, 'corpus.train', pattern, {});
  const listed = async (read: TableRows): Promise<ListedClip[]> =>
    await listClips(read, {
      root: folder,
      vocabulary: names.map((name) => ({ mid: '', name })),
      sources: {},
    });
  const decoded = (wav: Buffer): Promise<Int16Array> => decodeClip(() => [wav], 'embedded');
  /** Samples of each clip, or why it has none. */
  const samples = async (clips: ListedClip[]): Promise<Map<string, Int16Array | string>> => {
    const found = new Map<string, Int16Array | string>();
    for await (const { listed: clip, pcm } of readClips(clips, {}))
      found.set(clip.clip, typeof pcm === 'string' ? pcm : pcm.slice());
    return found;
  };

  it.each<[string, HubFile]>([
    ['one row group', { names }],
    ['several row groups', { names, rowGroupSize: 3 }],
    ['several pages in a row group', { names, rowGroupSize: 7, pageSize: 20_000 }],
    ['no compression', { names, rowGroupSize: 4, codec: 'UNCOMPRESSED' }],
    ['gzip', { names, rowGroupSize: 4, codec: 'GZIP' }],
  ])('gives its clips with their labels by name, from %s', async (_, file) => {
    put('train.parquet', rowsOf(10), file);
    const read = await table('train.parquet');
    expect(read.notes).toEqual([
      'audio from column audio (by its type), labels from label (by its type, 3 classes)',
    ]);
    const clips = await listed(read);
    expect(clips.map(({ clip, labels }) => [clip, labels])).toEqual(
      Array.from({ length: 10 }, (_, row) => [`clip ${row}.wav`, [row % 3]]),
    );
    for (const [clip, pcm] of await samples(clips))
      expect(pcm).toEqual(await decoded(noiseWav(clip.replace('.wav', ''))));
  });

  it('written by the datasets library is read', async () => {
    const path = join(__dirname, '../reference/hub-dataset/sounds.parquet');
    const clips = await listed(await table(path));
    expect(clips.map(({ clip, labels }) => [clip, labels])).toEqual([
      ['clip 0.wav', [0]],
      ['clip 1.wav', [1]],
      ['clip 2.wav', [2]],
      ['clip 3.wav', [0]],
      ['clip 4.wav', [1]],
      ['sounds.parquet:5', [2]],
      ['clip 6.wav', null],
    ]);
    const found = await samples(clips);
    expect([...found].map(([, pcm]) => (typeof pcm === 'string' ? pcm : pcm.length))).toEqual([
      3200,
      3520,
      3840,
      4160,
      4480,
      expect.stringMatching(/^no audio in row 2 of its row group in .*sounds\.parquet$/),
      5120,
    ]);
  });

  it('gives a clip by a row that a JSONL table names, in any order', async () => {
    put('all.parquet', rowsOf(10), { names, rowGroupSize: 4, pageSize: 20_000 });
    const rows = [9, 2, 3, 0].map((row) => ({ clip: `c${row}`, audio: 'all.parquet', row }));
    writeFileSync(
      join(folder, 'some.jsonl'),
      [...rows, { clip: 'beyond', audio: 'all.parquet', row: 10 }]
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    const read = await table('some.jsonl');
    expect(read.rejected).toEqual([
      { clip: 'beyond', reason: expect.stringMatching(/all\.parquet has no row 10$/) },
    ]);
    const found = await samples(await listed(read));
    expect([...found.keys()]).toEqual(['c9', 'c2', 'c3', 'c0']);
    for (const [clip, pcm] of found)
      expect(pcm).toEqual(await decoded(noiseWav(`clip ${clip.slice(1)}`)));
  });

  it('tells clips of one name apart, in a file and between files', async () => {
    const twice = rowsOf(2).map((row) => ({ ...row, audio: { ...row.audio!, path: 'a.wav' } }));
    put('one.parquet', twice);
    put('two.parquet', twice);
    const { rows, notes } = await table('{one,two}.parquet');
    expect(rows.map(({ clip }) => clip)).toEqual([
      'a.wav',
      'one.parquet:1',
      'two.parquet/a.wav',
      'two.parquet:1',
    ]);
    expect(notes).toHaveLength(1);
  });

  it('without labels gives unlabelled clips and says so', async () => {
    put('plain.parquet', rowsOf(2), { unlabelled: true });
    const { rows, notes } = await table('plain.parquet');
    expect(rows.map(({ labels }) => labels)).toEqual([null, null]);
    expect(notes[0]).toContain('no labels: of the columns audio none is of type ClassLabel');
  });

  it('of paths names the files beside it', async () => {
    writeFileSync(join(folder, 'clip 0.wav'), noiseWav('beside'));
    put('paths.parquet', [{ audio: { bytes: null, path: 'clip 0.wav' }, label: 1 }]);
    const clips = await listed(await table('paths.parquet'));
    expect(clips).toMatchObject([{ audio: join(folder, 'clip 0.wav'), labels: [1] }]);
  });

  it('says which columns there are where none is audio', async () => {
    const rows = rowsOf(1);
    const bytes = Buffer.from(encodeHubParquet(rows, { names }));
    // Of the same lengths, so that the file stays valid.
    const renamed = Buffer.from(
      bytes.toString('latin1').replaceAll('audio', 'image').replace('"Audio"', '"Image"'),
      'latin1',
    );
    writeFileSync(join(folder, 'odd.parquet'), renamed);
    await expect(table('odd.parquet')).rejects.toThrow(
      /corpus\.train: .*odd\.parquet: not a valid table: no column of it is audio; its columns are image, label;/,
    );
  });

  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['cut short', (bytes) => bytes.subarray(0, -100), /does not end as a Parquet file does/],
    [
      'damaged in its footer',
      (bytes) =>
        Buffer.concat([bytes.subarray(0, -300), Buffer.alloc(200, 7), bytes.subarray(-100)]),
      /not a valid Parquet file/,
    ],
    [
      'a pointer of Git LFS',
      () => Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n'),
      /it is a Git LFS pointer, not a Parquet file/,
    ],
  ])('that is %s is refused by name', async (_, damage, message) => {
    put('bad.parquet', rowsOf(4));
    const bytes = readFileSync(join(folder, 'bad.parquet'));
    writeFileSync(join(folder, 'bad.parquet'), damage(bytes));
    const error = await table('bad.parquet').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'CorpusInvalid', message: expect.stringMatching(message) });
    expect((error as Error).message).toContain(join(folder, 'bad.parquet'));
  });

  it('with a damaged page loses the clips of that page and no others', async () => {
    put('bad.parquet', rowsOf(6), { names, rowGroupSize: 2, codec: 'GZIP' });
    const clips = await listed(await table('bad.parquet'));
    const bytes = readFileSync(join(folder, 'bad.parquet'));
    bytes.fill(0xff, clips[2]!.range!.offset + 200, clips[2]!.range!.offset + 400);
    writeFileSync(join(folder, 'bad.parquet'), bytes);
    const found = [...(await samples(clips)).values()];
    expect(found.map((pcm) => typeof pcm)).toEqual([
      'object',
      'object',
      'string',
      'string',
      'object',
      'object',
    ]);
    expect(found[2]).toMatch(/bad\.parquet is damaged: a page of its audio is damaged$/);
  });
});
