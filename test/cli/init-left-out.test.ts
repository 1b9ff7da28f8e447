import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { clipIdSchema } from '../../ced/corpus/table-row';
import { noiseWav } from '../support/noise-wav';
import { tarBytes } from '../support/tar-bytes';
import {
  classesOf,
  folderWithCache,
  initIn,
  putFile,
  removeWithCache,
} from '../support/told-by-init';

const CLASSES = ['dog', 'rain'];

describe('ced init that leaves something out, or takes it for what it is not', () => {
  let folder: string;
  beforeEach(() => (folder = folderWithCache('ced-init-left-out-')));
  afterEach(() => removeWithCache(folder));

  const { init, putText, rows } = initIn(() => folder);
  const putClip = (path: string): void => putFile(join(folder, path), noiseWav(path));
  const putClasses = (place: string, below = ''): void => {
    for (const name of CLASSES)
      for (let take = 0; take < 4; take++) putClip(`${place}/${name}${below}/t${take}x.wav`);
  };
  const putAudio = (): void => {
    for (let clip = 0; clip < 8; clip++) putClip(`set/audio/c${clip}x.wav`);
  };
  const perClip = (row: (clip: number, name: string) => string): string =>
    Array.from({ length: 8 }, (_, clip) => row(clip, CLASSES[clip % 2]!)).join('');
  const classes = (): string[] => classesOf(join(folder, 'project'));

  it('takes no folder beside those of splits for a class, and says so', async () => {
    for (const split of ['train', 'test']) putClasses(`set/${split}`);
    putClip('set/noise/hum.wav');
    putClip('set/sample.wav');
    const { found, notes } = await init('set');
    expect(found).toMatchObject({
      layout: 'a folder a class, 2 classes, below folders of splits',
      clips: 16,
      classes: 2,
      splits: { eval: 8 },
    });
    expect(notes).toContain(
      '2 files lie outside of the folders of splits (test, train) and are left out, for example ' +
        'noise/hum.wav',
    );
  });

  it('takes folders that are called as splits for classes where no class is below', async () => {
    for (const name of ['train', 'test', 'tram'])
      for (let take = 0; take < 3; take++) putClip(`set/${name}/t${take}x.wav`);
    await init('set');
    expect(classes()).toEqual(['test', 'train', 'tram']);
  });

  it('takes the folder of all audio for no class', async () => {
    putAudio();
    await expect(init('set')).rejects.toThrow(
      /set has no labels .* or a CSV with filename,label beside them; the folder audio holds all/,
    );
  });

  it('names folders that lie too deep to be looked at', async () => {
    putClasses('set');
    putClasses('set', '/1/2/3/4/5/6/7/8/9');
    const { found, notes } = await init('set');
    expect(found).toMatchObject({ clips: 8 });
    expect(notes.join('\n')).toContain(
      '2 folders lie more than 9 folders deep, and what is in them is left out: ' +
        'dog/1/2/3/4/5/6/7/8/9, rain/1/2/3/4/5/6/7/8/9; move the audio up',
    );
  });

  it('names archives that lie in an archive', async () => {
    putClasses('set');
    putFile(join(folder, 'set/more.zip'), 'PK\x03\x04');
    execFileSync('tar', ['--create', '--file', join(folder, 'set.tar'), '-C', folder, 'set']);
    const { notes } = await init('set.tar');
    expect(notes).toContain(
      '1 member of the archive is left out, for example set/more.zip: packed themselves; unpack ' +
        'the archive and them, and name the folder',
    );
  });

  it('names classes that are lost with their clips', async () => {
    putClasses('set');
    for (const name of ['a', 'b']) putText(`set/siren/${name}.wav`, '');
    const { found, notes } = await init('set');
    expect(found).toMatchObject({ classes: 2 });
    expect(notes).toContain('1 class is lost with the clips that are left out: siren');
  });

  it('gives clips below long paths ids that a table can hold', async () => {
    const long = `/${'a'.repeat(200)}/${'b'.repeat(200)}/${'c'.repeat(200)}`;
    for (const name of CLASSES)
      for (let take = 0; take < 4; take++) putClip(`set/${name}${long}/t${take}x.wav`);
    expect((await init('set')).found).toMatchObject({ clips: 8 });
    const ids = rows('train').map(({ clip }) => clip);
    expect(ids.filter((id) => !clipIdSchema.safeParse(id).success)).toEqual([]);
    expect(new Set(ids).size).toBe(8);
  });

  it.each<[string, string, string]>([
    ['tabs and no header', 'meta.txt', '\t'],
    ['commas and no header', 'meta.tsv', ','],
    ["a spreadsheet's line of its delimiter", 'meta.csv', ';'],
  ])('reads a table with %s', async (_what, name, delimiter) => {
    putAudio();
    const isStated = delimiter === ';';
    const table = perClip((clip, label) => {
      const audio = `audio/c${clip}x.wav`;
      return (isStated ? `${label};${audio}` : `${audio}${delimiter}${label}`) + '\r\n';
    });
    putText(`set/${name}`, isStated ? `sep=;\r\nlabel;filename\r\n${table}` : table);
    const { found, notes } = await init('set');
    expect(found).toMatchObject({ clips: 8, classes: 2 });
    expect(classes()).toEqual(CLASSES);
    expect(notes.join('\n')).not.toContain('left out');
  });

  it('reads rows that keep the commas of the array that they were cut out of', async () => {
    putAudio();
    const row = (clip: number, label: string): string =>
      `${JSON.stringify({ file: `audio/c${clip}x.wav`, label })},\n`;
    putText('set/meta.jsonl', perClip(row));
    expect((await init('set')).found).toMatchObject({ clips: 8, classes: 2 });
  });

  it('says where an array of rows is no JSON', async () => {
    putAudio();
    putText('set/meta.json', '[{"file": "audio/c0x.wav", "label": "dog"},]');
    await expect(init('set')).rejects.toThrow(
      /meta\.json is left out: it begins as a JSON array of rows, and is none: .*JSON/,
    );
  });

  it('says of paths of another machine what to do', async () => {
    putAudio();
    const row = (clip: number, label: string): string =>
      `/elsewhere/audio/c${clip}x.wav,${label}\n`;
    putText('set/meta.csv', `filename,label\n${perClip(row)}`);
    await expect(init('set')).rejects.toThrow(
      /no such file: \/elsewhere\/audio\/c0x\.wav; correct the path, or make it relative/,
    );
  });

  it('names the class list whose quoting is broken', async () => {
    putAudio();
    putText('set/meta.csv', `filename,label\n${perClip((clip) => `c${clip}x.wav,${clip % 2}\n`)}`);
    putText('set/labels.csv', 'index,name\n0,do"g\n1,"rain\n');
    await expect(init('set')).rejects.toThrow(
      /the class list labels\.csv cannot be read: its quoting is broken .*; correct it, or remove/,
    );
  });

  it('says what is wrong with class lists, labels and recordings', async () => {
    putAudio();
    putText('set/labels.csv', 'index,name\n0,dog\n1,dog\n');
    putText('set/ontology.json', '[{"id": 1,]');
    const row = (clip: number): string => `c${clip}x.wav,${clip > 5 ? 'nan' : clip % 2},youtube\n`;
    putText('set/meta.csv', `filename,label,source\n${perClip(row)}`);
    const told = (await init('set')).notes.join('\n');
    expect(told).toContain('labels.csv calls both class 0 and class 1 dog: they are one class');
    expect(told).toContain("ontology.json is left out: expected AudioSet's JSON array of objects");
    expect(told).toContain('1 class is called as programs write a value that is missing: nan');
    expect(told).toMatch(/meta\.csv: by its column of recordings .* are pieces of youtube, and/);
  });

  it('says that names of classes stand in a column that is not used', async () => {
    putAudio();
    const row = (clip: number, label: string): string => `c${clip}x.wav,${clip % 2},${label}\n`;
    putText('set/meta.csv', `filename,label,class_name\n${perClip(row)}`);
    expect((await init('set')).notes).toContain(
      'meta.csv: labels are the numbers of column label, and column class_name is not used; to ' +
        'use its names, rename label',
    );
  });

  it('names the shard and the reason where no member of it can be used', async () => {
    const header = { name: 'a.wav', content: noiseWav('a'), type: 'S' };
    putFile(join(folder, 'set/s.tar'), tarBytes([header]));
    await expect(init('set')).rejects.toThrow(
      /no clip of .*set can be used: s\.tar: 1 sample is left out, .* pack it without --sparse/,
    );
  });

  it.each<[string, string | Buffer, string]>([
    ['tar.bz2', Buffer.from('BZh91AY'), 'is bzip2 data; decompress it with bunzip2'],
    ['rar', Buffer.from('Rar!\x1a\x07'), 'is a RAR archive; unpack it'],
    ['zip', '', 'is empty; fetch it again'],
    ['zip', '<!doctype html><html></html>', 'is a web page; look at the address'],
  ])('says what a .%s is that it does not read', async (ending, content, message) => {
    putFile(join(folder, `set.${ending}`), content);
    await expect(init(`set.${ending}`)).rejects.toThrow(`set.${ending} ${message}`);
  });
});
