import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { noiseWav } from '../support/noise-wav';
import { putFile, toldByInit, type ToldByInit } from '../support/told-by-init';

describe('ced init of tables as people write them', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-init-tables-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const CLIPS = [0, 1, 2, 3, 4, 5, 6, 7];
  const put = (path: string, content: string | Buffer = noiseWav(path)): void =>
    putFile(join(folder, path), content);
  const putClips = (place: string): void => {
    for (const clip of CLIPS) put(`${place}/c${clip}x.wav`);
  };
  const lines = (line: (clip: number) => string, ...header: string[]): string =>
    [...header, ...CLIPS.map(line), ''].join('\n');
  const label = (clip: number): string => (clip % 2 ? 'Boop' : 'Beep');
  const init = async (source: string, out = 'project'): Promise<ToldByInit> =>
    await toldByInit(join(folder, source), '--out', join(folder, out));
  const labels = (): Record<string, string[]> =>
    Object.fromEntries(
      ['train', 'validation', 'eval']
        .map((split) => join(folder, 'project', `${split}.jsonl`))
        .filter((path) => existsSync(path))
        .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { clip: string; labels: string[] })
        .map((row) => [row.clip, row.labels]),
    );
  const expected = Object.fromEntries(CLIPS.map((clip) => [`c${clip}x.wav`, [label(clip)]]));

  it.each(['', 'data/'])(
    "reads the metadata of Hugging Face's AudioFolder in %jtrain and test",
    async (above) => {
      putClips(`set/${above}train`);
      putClips(`set/${above}test`);
      put(
        `set/${above}train/metadata.jsonl`,
        lines((clip) => JSON.stringify({ file_name: `c${clip}x.wav`, label: label(clip) })),
      );
      put(
        `set/${above}test/metadata.csv`,
        lines((clip) => `c${clip}x.wav,${label(clip)}`, 'file_name,label'),
      );
      const { found } = await init('set');
      expect(found).toMatchObject({
        layout: "Hugging Face's AudioFolder, with its metadata",
        ...{ clips: 16, classes: 2 },
      });
      expect(found.splits['eval']).toBe(8);
      expect(labels()[`${above}train/c0x.wav`]).toEqual(['Beep']);
    },
  );

  it.each([
    ['audio', 'label'],
    ['path', 'labels'],
    ['file_name', 'tags'],
    ['file', 'class'],
    ['filename', 'category'],
    ['wav', 'event_label'],
  ])('reads JSON rows of %s and %s, as lines and as an array', async (audio, name) => {
    const row = (clip: number): object => ({
      [audio]: `c${clip}x.wav`,
      ...{ speaker: `s${clip}`, [name]: label(clip) },
    });
    putClips('lines');
    put(
      'lines/data.jsonl',
      lines((clip) => JSON.stringify(row(clip))),
    );
    await init('lines');
    expect(labels()).toEqual(expected);
    rmSync(join(folder, 'project'), { recursive: true });
    putClips('array');
    put('array/data.json', JSON.stringify(CLIPS.map(row)));
    await init('array');
    expect(labels()).toEqual(expected);
  });

  it('says of JSON rows which field is missing, and that rows cannot be read', async () => {
    putClips('set');
    put(
      'set/data.jsonl',
      lines((clip) => JSON.stringify({ clip, label: label(clip) })),
    );
    await expect(init('set')).rejects.toThrow(
      /data\.jsonl is left out: none of its 8 rows can be read, the first is data\.jsonl:1: .*the field audio is missing/,
    );
  });

  it('reads a CSV with semicolons and a quoted field that holds one', async () => {
    putClips('set');
    put(
      'set/list.csv',
      lines((clip) => `c${clip}x.wav;${label(clip)};"Mr; X"`, 'Wav Path;Sound Type;Recorded By'),
    );
    await init('set');
    expect(labels()).toEqual(expected);
  });

  it.each(['annotation', 'event_label', 'Sound Class'])('reads labels of %s', async (name) => {
    putClips('set');
    put(
      'set/list.csv',
      lines((clip) => `c${clip}x.wav,${label(clip)}`, `filename,${name}`),
    );
    await init('set');
    expect(labels()).toEqual(expected);
  });

  it('reads columns of 0 and 1 as classes, and says so', async () => {
    putClips('set');
    put(
      'set/list.csv',
      lines((clip) => `c${clip}x.wav,1.5,${1 - (clip % 2)},${clip % 2}`, 'filename,len,Beep,Boop'),
    );
    const { notes } = await init('set');
    expect(labels()).toEqual(expected);
    expect(notes.join('\n')).toMatch(/2 hold 0 or 1 in every row.*classes: Beep, Boop/);
  });

  it('gives the remedy where no column is known to hold labels', async () => {
    putClips('set');
    put(
      'set/list.csv',
      lines((clip) => `c${clip}x.wav,${label(clip)}`, 'filename,what'),
    );
    await expect(init('set')).rejects.toThrow(/call the column label.*not used: what/);
  });

  it.each([
    ['meta.csv', /set\/meta\.csv is a table; name the folder that holds it: ced init .*\/set$/],
    ['c0x.wav', /set\/c0x\.wav is one recording; name the folder/],
  ])('names the folder to name instead of its file %s', async (file, message) => {
    putClips('set');
    put('set/meta.csv', 'filename,label\n');
    await expect(init(`set/${file}`)).rejects.toThrow(message);
  });

  it('names a gzipped shard that holds no tar, or no whole one', async () => {
    const packed = gzipSync('no tar '.repeat(100));
    put('set/train-000000.tar.gz', packed);
    await expect(init('set')).rejects.toThrow(/train-000000\.tar: the header at byte 0 does not/);
    put('set/train-000000.tar.gz', packed.subarray(0, 20));
    await expect(init('set')).rejects.toThrow(
      /train-000000\.tar\.gz is damaged \(unexpected end of file\); fetch it again/,
    );
  });

  it('names a file in the place of the project, and the remedy', async () => {
    for (const name of ['Beep', 'Boop']) putClips(`set/${name}`);
    put('project', 'a file');
    await expect(init('set')).rejects.toThrow(/project is a file; choose another place with --out/);
  });

  it('writes all of a project or nothing, and names the place', async () => {
    for (const name of ['Beep', 'Boop']) putClips(`set/${name}`);
    put('place', 'a file');
    await expect(init('set', 'place/deep/project')).rejects.toThrow(
      /cannot be written to .*place\/deep\/project: ENOTDIR.*choose another place with --out/,
    );
  });

  it('names every clip that it leaves out, with the reason', async () => {
    for (const name of ['Beep', 'Boop']) putClips(`set/${name}`);
    put('set/Beep/text.wav', 'no audio at all');
    put('set/Beep/empty.wav', '');
    expect((await init('set')).notes.join('\n')).toMatch(/left-out\.jsonl names all/);
    const leftOut = readFileSync(join(folder, 'project/left-out.jsonl'), 'utf8');
    expect(leftOut.trim().split('\n')).toHaveLength(2);
    expect(leftOut).toMatch(/"clip":"Beep\/empty\.wav","reason":"/);
  });

  it('advises nothing that it cannot be told where paths of a table lead nowhere', async () => {
    putClips('set/here');
    put(
      'set/list.csv',
      lines((clip) => `gone/c${clip}x.wav,${label(clip)}`, 'filename,label'),
    );
    const refused: unknown = await init('set').catch((error: unknown) => error);
    expect(String(refused)).toMatch(/correct the paths in the table/);
    expect(String(refused)).not.toMatch(/audio-?root/i);
  });
});
