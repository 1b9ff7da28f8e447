import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readClips } from '../../activities/ingest/read-clips';
import { cutSegment, Segments } from '../../activities/ingest/segments';
import { listClips } from '../../activities/plan/list-clips';
import { readTables } from '../../activities/plan/read-table';
import { encodeWav } from '../../ced/audio/wav-file';
import type { ListedClip } from '../../ced/corpus/listing';

const vocabulary = [{ mid: '', name: 'Dog' }];
/** One second whose samples count up. */
const ramp = Int16Array.from({ length: 16_000 }, (_, index) => index + 1);

describe('a local table', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-segments-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const put = (path: string, content: string | Buffer): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const list = async (table: string) => {
    const read = await readTables(folder, 'corpus.train', table, {});
    const clips = await listClips(read, { root: folder, vocabulary, sources: {} });
    return { clips, rejected: read.rejected };
  };

  it('cuts segments of a recording at exact samples', async () => {
    put('long.wav', Buffer.from(encodeWav(ramp)));
    const row = (clip: string, start: number, end: number): string =>
      JSON.stringify({ clip, audio: 'long.wav', start, end });
    put('t.jsonl', [row('a', 0, 0.2), row('b', 0.2, 0.4), row('c', 0.9, 1.5)].join('\n'));
    const { clips, rejected } = await list('t.jsonl');
    expect(rejected).toEqual([]);
    const read = [];
    for await (const { listed, pcm } of readClips(clips, {}))
      read.push([listed.clip, typeof pcm === 'string' ? pcm : [pcm[0], pcm.at(-1), pcm.length]]);
    expect(read).toEqual([
      ['a', [1, 3200, 3200]],
      ['b', [3201, 6400, 3200]],
      ['c', 'its segment ends at 1.5 s, the recording at 1 s'],
    ]);
  });

  it("cuts AudioSet's segments out of the videos that are there whole", async () => {
    const putVideo = (id: string, seconds: number): void =>
      put(`audio/Y${id}.wav`, Buffer.from(encodeWav(new Int16Array(seconds * 16_000).fill(9))));
    putVideo('whole000000', 8);
    putVideo('cut00000000', 2);
    putVideo('ends0000000', 4);
    const row = (id: string, start: number): string =>
      `${id}, ${start}.000, ${start + 2}.000, "/m/a"`;
    put(
      'segments.csv',
      [
        '# YTID, start_seconds, end_seconds, positive_labels',
        ...[row('whole000000', 1), row('whole000000', 6), row('cut00000000', 30)],
        row('ends0000000', 30),
      ].join('\n'),
    );
    const read = await readTables(folder, 'corpus.train', 'segments.csv', {});
    const options = { root: folder, vocabulary: [{ mid: '/m/a', name: 'A' }], sources: {} };
    const clips = await listClips(read, options);
    expect(clips.map(({ clip, segment }) => [clip, segment])).toEqual([
      ['whole000000_1.000_3.000', { start: 1, end: 3 }],
      ['whole000000_6.000_8.000', { start: 6, end: 8 }],
      ['cut00000000_30.000_32.000', undefined],
      ['ends0000000_30.000_32.000', undefined],
    ]);
    const lengths: (string | number)[] = [];
    for await (const { pcm } of readClips(clips, {}))
      lengths.push(typeof pcm === 'string' ? pcm : pcm.length / 16_000);
    expect(lengths).toEqual([2, 2, 2, 4]);
    expect(read.notes.slice(1)).toEqual([
      '2 clips are cut out of files that are longer than the segment, from start to end',
      '1 file is longer than the segment, but ends before it, and is taken whole, for example ' +
        'ends0000000_30.000_32.000: cut out the segments',
    ]);
  });

  it('finds audio beside the table, below the root, and where datasets keep it', async () => {
    for (const path of ['data/near.wav', 'below/root.wav', 'audio/esc.wav', 'FSD.dev_audio/17.wav'])
      put(path, Buffer.from(encodeWav(ramp)));
    put('data/t.tsv', 'near.wav\nbelow/root.wav\n');
    put('meta/esc.csv', 'filename,category\nesc.wav,Dog\n');
    put('FSD.ground_truth/dev.csv', 'fname,labels\n17,Dog\n');
    const paths = async (table: string): Promise<string[]> =>
      (await list(table)).clips.map(({ audio }) => audio.slice(folder.length + 1));
    expect(await paths('data/t.tsv')).toEqual(['data/near.wav', 'below/root.wav']);
    expect(await paths('meta/esc.csv')).toEqual(['audio/esc.wav']);
    expect(await paths('FSD.ground_truth/dev.csv')).toEqual(['FSD.dev_audio/17.wav']);
  });

  it('says where it looked for a file that is nowhere', async () => {
    put('data/t.tsv', 'gone.wav\n');
    const { rejected } = await list('data/t.tsv');
    expect(rejected[0]?.reason).toContain(`looked in ${join(folder, 'data')}, ${folder}`);
  });

  it('lists a clip without labels that the vocabulary lacks if none are needed', async () => {
    put('a.wav', Buffer.from(encodeWav(ramp)));
    put('t.jsonl', '{"clip":"a","audio":"a.wav","labels":["Dog","Clicks"]}');
    const read = await readTables(folder, 'corpus.train', 't.jsonl', {});
    const options = { root: folder, vocabulary, sources: {} };
    expect(await listClips(read, { ...options, ignoreUnknownLabels: true })).toMatchObject([
      { clip: 'a', labels: [0] },
    ]);
    expect(await listClips(read, options)).toEqual([]);
    expect(read.rejected).toEqual([{ clip: 'a', reason: "unknown label 'Clicks'" }]);
  });
});

describe('segments of one recording', () => {
  const clip = (name: string, start: number, end: number): ListedClip => ({
    clip: name,
    audio: '/long.wav',
    segment: { start, end },
    fingerprint: '',
    labels: null,
  });

  it('decode it once for a whole shard', async () => {
    const clips = Array.from({ length: 20 }, (_, index) =>
      clip(`${index}`, index / 20, (index + 1) / 20),
    );
    const decode = jest.fn(() => Promise.resolve({ pcm: ramp, further: [] }));
    const segments = new Segments(clips, decode);
    for (const each of clips)
      expect(await segments.read(each)).toMatchObject({ pcm: { length: 800 } });
    expect(decode).toHaveBeenCalledTimes(1);
  });

  it('may end a frame behind it, no more', () => {
    expect(cutSegment(ramp, { start: 0.5, end: 1.01 })).toHaveLength(8000);
    expect(cutSegment(ramp, { start: 0.5, end: 1.02 })).toMatch(/ends at 1.02 s/);
  });
});
