import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { encodeWav } from '../../ced/audio/wav-file';
import { openSource } from '../../storage/sources/open-source';
import { readSource, SourceUnreadable } from '../../storage/sources/source';
import { noiseWav } from '../support/noise-wav';
import { tarBytes } from '../support/tar-bytes';
import {
  classesOf,
  folderWithCache,
  initIn,
  putFile,
  removeWithCache,
} from '../support/told-by-init';

describe('ced init of what people bring', () => {
  let folder: string;
  beforeEach(() => {
    folder = folderWithCache('ced-init-odd-');
  });
  afterEach(() => removeWithCache(folder));

  const put = (path: string, content: string | Buffer = noiseWav(path)): void => {
    putFile(join(folder, path), content);
  };
  const putClasses = (place: string, names: readonly string[], takes = 4): void => {
    for (const [number, name] of names.entries())
      for (let take = 0; take < takes; take++) put(`${place}/${name}/n${number}t${take}x.wav`);
  };
  const putTable = (path: string, header: string, row: (clip: number) => string): void => {
    const rows = [0, 1, 2, 3, 4, 5, 6, 7].map(row);
    put(path, [header, ...rows].join('\n'));
  };
  const { init } = initIn(() => folder);
  const classes = (): string[] => classesOf(join(folder, 'project'));

  it('makes one class of names that look the same, and says so', async () => {
    const composed = 'Gl\u00f6cke';
    putClasses('set', [composed, composed.normalize('NFD'), 'dog', 'dog ', 'new\nline', 'Dog']);
    const { found, notes } = await init('set');
    expect(found).toMatchObject({ layout: 'a folder a class, 4 classes', clips: 24, classes: 4 });
    expect(classes()).toEqual(['Dog', composed, 'dog', 'new\nline'].sort());
    const told = notes.join('\n');
    expect(told).toMatch(/2 class names are written in several ways .* Glöcke, dog/);
    expect(told).toMatch(/classes differ only in upper and lower case: (Dog and dog|dog and Dog)/);
  });

  it('finds files whose names a table writes in another form of Unicode', async () => {
    const name = (clip: number): string => `M\u00fcller ${clip}x.wav`;
    for (let clip = 0; clip < 8; clip++) put(`set/audio/${name(clip).normalize('NFD')}`);
    putTable('set/meta.csv', 'filename,label', (clip) => `${name(clip)},${clip % 2 ? 'a' : 'b'}`);
    expect((await init('set')).found).toMatchObject({ clips: 8, classes: 2 });
  });

  it('leaves out clips whose label no class list can hold', async () => {
    const label = (clip: number): string => (clip === 0 ? 'L'.repeat(600) : 'ab'[clip % 2]!);
    for (let clip = 0; clip < 8; clip++) put(`set/c${clip}x.wav`);
    putTable('set/meta.csv', 'filename,label', (clip) => `c${clip}x.wav,${label(clip)}`);
    const { found, notes } = await init('set');
    expect(found).toMatchObject({ clips: 7, classes: 2 });
    expect(notes.join('\n')).toMatch(/1 clip is left out, whose label is longer than 512/);
  });

  it('follows links to folders but no circle, and leaves out links that lead nowhere', async () => {
    putClasses('set', ['dog', 'cat']);
    putClasses('elsewhere', ['horse']);
    symlinkSync('..', join(folder, 'set/dog/circle'));
    symlinkSync('itself.wav', join(folder, 'set/cat/itself.wav'));
    symlinkSync(join(folder, 'elsewhere/horse'), join(folder, 'set/horse'));
    const { found, notes } = await init('set');
    expect(found).toMatchObject({ clips: 12, classes: 3 });
    expect(notes.join('\n')).toMatch(
      /1 name is no file and is left out: cat\/itself\.wav \(a link that leads/,
    );
    const circle = openSource(join(folder, 'set/cat/itself.wav'), {});
    await expect(readSource(circle, 100)).rejects.toThrow(SourceUnreadable);
  });

  it('names folders that are empty', async () => {
    putClasses('set', ['dog', 'cat']);
    mkdirSync(join(folder, 'set/bird'));
    const { notes } = await init('set');
    expect(notes).toContain('1 folder is empty, and no class: bird');
  });

  it('refuses names in a table that files of several folders have', async () => {
    for (const place of ['a', 'b'])
      for (let clip = 0; clip < 8; clip++) put(`set/audio/${place}/take${clip}x.wav`);
    putTable('set/meta.csv', 'filename,label', (clip) => `take${clip}x.wav,${'ab'[clip % 2]}`);
    await expect(init('set')).rejects.toThrow(
      /names 8 clips and none is there.*2 files are called so.*write the folder into the table/,
    );
  });

  it.each(['labels.csv', 'classes.csv', 'annotations.csv'])(
    'reads labels from %s by its header',
    async (name) => {
      for (let clip = 0; clip < 8; clip++) put(`set/c${clip}x.wav`);
      putTable(`set/${name}`, 'File Name , Label', (clip) => `c${clip}x.wav,${'ab'[clip % 2]}`);
      expect((await init('set')).found).toMatchObject({ clips: 8, classes: 2 });
      expect(classes()).toEqual(['a', 'b']);
    },
  );

  it.each([
    ...['audio_path', 'file_path', 'wav_path', 'audio_file', 'wav_file', 'audio_filename'],
    ...['audio_filepath', 'slice_file_name', 'fname', 'ytid', 'youtube_id'],
  ])('reads labels from labels.csv whose column of audio is called %s', async (column) => {
    for (let clip = 0; clip < 8; clip++) put(`set/c${clip}x.wav`);
    putTable('set/labels.csv', `${column},label`, (clip) => `c${clip}x,${'ab'[clip % 2]}`);
    if (!/name$|^y/.test(column) || column === 'audio_filename')
      putTable('set/labels.csv', `${column},label`, (clip) => `c${clip}x.wav,${'ab'[clip % 2]}`);
    expect((await init('set')).found).toMatchObject({ clips: 8, classes: 2 });
    expect(classes()).toEqual(['a', 'b']);
  });

  it('takes labels in another order for the same', async () => {
    for (let clip = 0; clip < 8; clip++) put(`set/c${clip}x.wav`);
    putTable('set/a.csv', 'filename;label', (clip) => `c${clip}x.wav;"a,b"`);
    putTable('set/b.csv', 'filename;label', (clip) => `c${clip}x.wav;"b,a"`);
    const rows = ['c0x.wav;"a,b";train', 'c0x.wav;"b,a";test'];
    put('set/c.csv', ['filename;label;split', ...rows].join('\n'));
    const { found, notes } = await init('set');
    expect(found).toMatchObject({ clips: 9, classes: 2 });
    const told = notes.join('\n');
    expect(told).toMatch(/8 rows name audio that a table before names too/);
    expect(told).toMatch(/c\.csv: 1 clip is in several splits; eval keeps it, else validation/);
    expect(told).not.toMatch(/different/);
  });

  it('takes a list with the header of a class list for one, whatever its name', async () => {
    for (let clip = 0; clip < 8; clip++) put(`set/c${clip}x.wav`);
    putTable('set/train.tsv', 'filename\tlabels', (clip) => `c${clip}x.wav\t${clip % 2}`);
    put('set/voc.csv', 'index,mid,display_name\n0,/m/0,"Dog, small"\n1,/m/1,Rain\n');
    const { notes } = await init('set');
    expect(classes()).toEqual(['Dog, small', 'Rain']);
    expect(notes.join('\n')).not.toContain('voc.csv');
  });

  it('makes one clip of rows of two tables, and says where their labels differ', async () => {
    for (let clip = 0; clip < 8; clip++) put(`set/c${clip}x.wav`);
    putTable('set/a.csv', 'filename,label', (clip) => `c${clip}x.wav,${'ab'[clip % 2]}`);
    putTable('set/b.csv', 'filename,loudness', (clip) => `c${clip}x.wav,${clip}`);
    putTable(
      'set/c.csv',
      'filename,label',
      (clip) => `c${clip}x.wav,${clip < 7 ? 'ab'[clip % 2] : 'z'}`,
    );
    const { found, notes } = await init('set');
    expect(found).toMatchObject({ clips: 8, classes: 2 });
    expect(notes.join('\n')).toMatch(/16 rows name audio that a table before names too/);
    expect(notes.join('\n')).toMatch(/label 1 clip differently; .* a\/c7x\.wav \(b\)/);
  });

  it('holds out a clip that a table names in several splits, and says so', async () => {
    for (let clip = 0; clip < 8; clip++) put(`set/c${clip}x.wav`);
    const rows = [0, 1, 2, 3, 4].map((clip) => `c${clip}x.wav,${'ab'[clip % 2]},train`);
    rows.push('c5x.wav,a,valid', 'c6x.wav,b,test', 'c7x.wav,a,test');
    rows.push('c2x.wav,b,test', 'c3x.wav,b,valid');
    put('set/meta.csv', ['filename,label,split', ...rows].join('\n'));
    const { found, notes } = await init('set');
    expect(found.splits).toEqual({ train: 3, validation: 2, eval: 3 });
    expect(readFileSync(join(folder, 'project/eval.jsonl'), 'utf8')).toMatch(
      /c2x.*"labels":\["b"\]/,
    );
    const told = notes.join('\n');
    expect(told).toMatch(
      /2 clips are in several splits; .*: c2x\.wav, c3x\.wav; the rows of 1 .* labels, .*: c2x\.wav/,
    );
    expect(told).not.toContain('duplicate clip id');
  });

  it('takes folders for classes beside a list without labels', async () => {
    putClasses('set', ['dog', 'cat']);
    put('set/list.csv', 'filename\ndog/n0t0x.wav\n');
    const { found, notes } = await init('set');
    expect(found).toMatchObject({ layout: 'a folder a class, 2 classes', clips: 8 });
    expect(notes).toContain('tables beside the folders name no labels and are not used');
  });

  it('says which tables were of no use where labels are lacking', async () => {
    for (let clip = 0; clip < 8; clip++) put(`set/c${clip}x.wav`);
    putTable('set/info.csv', 'Name,Category', (clip) => `c${clip}x.wav,a`);
    await expect(init('set')).rejects.toThrow(
      /has no labels .*; info\.csv is left out: its first line \(Name, Category\) names no column/,
    );
    rmSync(join(folder, 'set'), { recursive: true });
    putTable('set/info.csv', 'filename,label', (clip) => `lost${clip}.wav,a`);
    await expect(init('set')).rejects.toThrow(
      /holds no audio files .*; info\.csv names 8 clips and none is there, the first is lost0\.wav/,
    );
  });

  it('says what a project of one class, or of few clips, cannot do', async () => {
    putClasses('set', ['dog'], 2);
    const { notes } = await init('set');
    expect(notes.join('\n')).toMatch(/no clips are left for .*eval: nothing can be scored there/);
    expect(notes.join('\n')).toMatch(/there is a single class, which every clip has/);
  });

  it('names clips that are nearly silent, and the longest where it stands out', async () => {
    putClasses('set', ['dog', 'cat']);
    const dither = (peak: number): Buffer =>
      encodeWav(Int16Array.from({ length: 8000 }, (_, at) => (at % 2 === 0 ? peak : -peak)));
    put('set/dog/ditherx.wav', dither(1));
    put('set/dog/quietx.wav', dither(4));
    put('set/cat/longx.wav', noiseWav('long', 12));
    const { found, notes, reasons } = await init('set');
    expect(found.clips).toBe(11);
    const told = notes.join('\n');
    expect(told).toMatch(/1 of 11 clips .* nearly silent, .* -80 dBFS: dog\/ditherx\.wav;/);
    expect(told).toMatch(/longest clip .* lasts 12\.0 s, over 20 times .* 0\.5 s: cat\/longx\.wav/);
    expect(reasons[0]).toMatch(/clips last 0\.5 to 12\.0 s/);
  });

  it('unpacks no links, and says so also of an archive that is in the cache', async () => {
    putClasses('set', ['dog', 'cat']);
    symlinkSync('/etc/hosts', join(folder, 'set/dog/link.wav'));
    const pack = [
      'import sys, os, zipfile, stat',
      "z = zipfile.ZipFile('set.zip', 'w')",
      "for at, _, names in os.walk('set'):",
      '  for name in names:',
      '    path = os.path.join(at, name)',
      '    if os.path.islink(path):',
      '      info = zipfile.ZipInfo(path); info.external_attr = 0o120777 << 16',
      '      z.writestr(info, os.readlink(path))',
      '    else: z.write(path)',
      'z.close()',
    ].join('\n');
    execFileSync('python3', ['-c', pack], { cwd: folder });
    for (const _ of ['first', 'again']) {
      const { found, notes } = await init('set.zip');
      expect(found.clips).toBe(8);
      expect(notes).toContain(
        '1 member of the archive is left out, for example set/dog/link.wav: links; ' +
          'pack the files themselves',
      );
      rmSync(join(folder, 'project'), { recursive: true });
    }
  });

  it('names the archive of a zip with absolute names, and of a tar of sparse files', async () => {
    const pack = "import zipfile; zipfile.ZipFile('a.zip', 'w').writestr('/etc/a.wav', 'x')";
    execFileSync('python3', ['-c', pack], { cwd: folder });
    await expect(init('a.zip')).rejects.toThrow(
      /a\.zip cannot be unpacked: absolute path: \/etc\/a\.wav; pack it again/,
    );
    put('s.tar', tarBytes([{ name: 'a.wav', content: noiseWav('a'), type: 'S' }]));
    await expect(init('s.tar')).rejects.toThrow(
      /\/s\.tar holds no audio .*1 member of the archive is left out, .*a\.wav: sparse files/,
    );
  });
});
