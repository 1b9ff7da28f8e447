import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expandBraces } from '../../../ced/corpus/brace-pattern';
import { splitName } from '../../../ced/corpus/webdataset';
import { readTables } from '../../../activities/plan/read-table';
import { openSource } from '../../../storage/sources/open-source';
import { readSource } from '../../../storage/sources/source';

describe('a brace pattern', () => {
  it.each([
    ['train-{000000..000002}.tar', ['train-000000.tar', 'train-000001.tar', 'train-000002.tar']],
    ['{8..11}', ['8', '9', '10', '11']],
    ['{a,b}/{1..2}.tar', ['a/1.tar', 'a/2.tar', 'b/1.tar', 'b/2.tar']],
    ['plain.jsonl', ['plain.jsonl']],
    ['{}', ['{}']],
    ['take{1}.tar', ['take{1}.tar']],
    ['take\\{1..2\\}.tar', ['take{1..2}.tar']],
  ])('%s names its shards', (pattern, names) => {
    expect(expandBraces(pattern)).toEqual(names);
  });

  it.each(['{3..1}', '{0..9999999}', '{0..9999}{0..9999}'])('%s is refused', (pattern) => {
    expect(() => expandBraces(pattern)).toThrow(RangeError);
  });
});

describe('a WebDataset shard', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-webdataset-'));
    mkdirSync(join(folder, 'in'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const put = (name: string, content: string | Buffer): void => {
    mkdirSync(join(folder, 'in', name, '..'), { recursive: true });
    writeFileSync(join(folder, 'in', name), content);
  };
  const pack = (shard: string, names: string[], ...options: string[]): void => {
    const { status, stderr } = spawnSync(
      'tar',
      ['-C', join(folder, 'in'), '-cf', join(folder, shard), ...options, ...names],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(stderr);
  };
  const rows = (pattern: string) => readTables(folder, 'corpus.train', pattern, {});

  it.each(['ustar', 'gnu', 'pax'])(
    'written by tar (%s) gives each clip with its labels and the place of its bytes',
    async (format) => {
      const long = `deep/${'x'.repeat(90)}/${'y'.repeat(format === 'ustar' ? 20 : 120)}`;
      put('a.flac', 'first audio');
      put('a.json', JSON.stringify({ labels: ['Violin', 3] }));
      put('b.wav', Buffer.alloc(100_000, 'second'));
      put('b.cls', '17\n');
      put(`${long}.ogg`, 'third');
      pack('s.tar', ['a.flac', 'a.json', 'b.cls', 'b.wav', `${long}.ogg`], `--format=${format}`);
      const { rows: found, rejected } = await rows('s.tar');
      expect(rejected).toEqual([]);
      expect(found.map(({ clip, labels }) => [clip, labels])).toEqual([
        ['a', ['Violin', 3]],
        ['b', [17]],
        [long, null],
      ]);
      const contents = await Promise.all(
        found.map(({ audio, range }) => readSource(openSource(audio), 1 << 20, range)),
      );
      expect(contents.map((bytes) => bytes.toString())).toEqual([
        'first audio',
        readFileSync(join(folder, 'in/b.wav'), 'utf8'),
        'third',
      ]);
    },
  );

  it('of a pattern is read with its siblings, in order, equal keys told by shard', async () => {
    put('a.wav', 'a');
    put('b.wav', 'b');
    pack('s-0.tar', ['b.wav']);
    pack('s-1.tar', ['a.wav', 'b.wav']);
    const { rows: found, rejected } = await rows('s-{0..1}.tar');
    expect(found.map(({ clip }) => clip)).toEqual(['b', 'a', 's-1.tar/b']);
    expect(rejected).toEqual([]);
  });

  it('leaves out what macOS adds', async () => {
    put('._a.wav', 'fork');
    put('a.wav', 'a');
    put('._a.json', 'fork');
    put('a.json', '{"labels": ["Dog"]}');
    pack('s.tar', ['./._a.wav', './a.wav', './._a.json', './a.json']);
    expect(await rows('s.tar')).toMatchObject({
      rows: [{ clip: 'a', labels: ['Dog'] }],
      rejected: [],
    });
  });

  it('may hold the members of a clip anywhere', async () => {
    for (const name of ['a.wav', 'b.wav']) put(name, name);
    for (const name of ['a', 'b']) put(`${name}.json`, JSON.stringify({ labels: [name] }));
    pack('s.tar', ['a.wav', 'b.wav', 'a.json', 'b.json']);
    expect((await rows('s.tar')).rows).toMatchObject([
      { clip: 'a', labels: ['a'] },
      { clip: 'b', labels: ['b'] },
    ]);
  });

  it('merges no clips whose names hold decimal points', async () => {
    const names = ['abc_10.000_20.000', 'abc_30.000_40.000', 'vol0.5_a', 'vol0.7_b'];
    for (const name of names) {
      put(`${name}.wav`, name);
      put(`${name}.json`, JSON.stringify({ labels: [name] }));
    }
    pack(
      's.tar',
      names.flatMap((name) => [`${name}.wav`, `${name}.json`]),
    );
    const { rows: found } = await rows('s.tar');
    expect(found.map(({ clip, labels }) => [clip, labels])).toEqual(
      names.map((name) => [name, [name]]),
    );
  });

  it.each([
    ['.json', '{"labels": ["Dog"], "loudness": NaN}', ['Dog']],
    ['.json', '{"labels": "Dog"}', ['Dog']],
    ['.json', '{"tag": "Dog"}', ['Dog']],
    ['.json', '["Dog"]', ['Dog']],
    ['.json', '"Dog"', ['Dog']],
    ['.json', '\uFEFF{"labels": [3]}', [3]],
    ['.cls', 'Dog', ['Dog']],
    ['.cls', '/m/0bt9lr\n', ['/m/0bt9lr']],
  ])('reads the labels of a %s that holds %s', async (extension, content, labels) => {
    put('a.wav', 'a');
    put(`a${extension}`, content);
    pack('s.tar', ['a.wav', `a${extension}`]);
    expect(await rows('s.tar')).toMatchObject({ rows: [{ clip: 'a', labels }], rejected: [] });
  });

  it('notes side-cars without labels, and a second audio member of a clip', async () => {
    put('a.mix.wav', 'mix');
    put('a.stem.wav', 'stem');
    put('a.json', '{"loudness": 3}');
    pack('s.tar', ['a.mix.wav', 'a.stem.wav', 'a.json']);
    const { rows: found, notes } = await rows('s.tar');
    expect(found).toMatchObject([{ clip: 'a', labels: null }]);
    expect(notes).toEqual([
      expect.stringMatching(/1 further audio member is not used: a\.stem\.wav beside a\.mix\.wav/),
      expect.stringMatching(/1 side-car names no labels/),
    ]);
  });

  it('rejects a sparse member by its name', async () => {
    put('a.wav', '');
    truncateSync(join(folder, 'in/a.wav'), 200_000);
    put('b.wav', 'b');
    for (const format of ['gnu', 'pax']) {
      pack('s.tar', ['a.wav', 'b.wav'], '--sparse', `--format=${format}`);
      expect(await rows('s.tar')).toMatchObject({
        rows: [{ clip: 'b' }],
        rejected: [{ clip: 'a', reason: expect.stringMatching(/sparse file/) }],
      });
    }
  });

  it('that was compressed is named in one line', async () => {
    put('a.wav', 'a');
    pack('s.tar', ['a.wav'], '--gzip');
    await expect(rows('s.tar')).rejects.toMatchObject({
      code: 'CorpusInvalid',
      message: expect.stringMatching(/s\.tar: it is gzip data.*gunzip/),
    });
  });

  it('reads a name of a million characters at once, and refuses it', () => {
    const name = 'a'.repeat(1_000_000);
    expect(splitName(`${name}.wav`)).toEqual({ key: name, extension: '.wav' });
    expect(splitName('1.'.repeat(500_000))).toMatchObject({ extension: '.' });
  });

  it('with a name that no file can have is refused', async () => {
    const name = `${'d/'.repeat(2500)}a.wav`;
    const pax = Buffer.from(`${name.length + 11} path=${name}\n`);
    const header = (type: string, bytes: number): Buffer => {
      const block = Buffer.alloc(512);
      block.write(bytes.toString(8).padStart(11, '0'), 124);
      block.write(' '.repeat(8) + type, 148);
      const sum = block.reduce((total, byte) => total + byte, 0);
      block.write(sum.toString(8).padStart(6, '0'), 148);
      return block;
    };
    const content = Buffer.alloc(Math.ceil(pax.length / 512) * 512);
    pax.copy(content);
    writeFileSync(
      join(folder, 'long.tar'),
      Buffer.concat([header('x', pax.length), content, header('0', 0)]),
    );
    await expect(rows('long.tar')).rejects.toMatchObject({
      code: 'CorpusInvalid',
      message: expect.stringMatching(/the name before byte \d+ has 5005 characters$/) as unknown,
    });
  });

  it('with names and links that lead elsewhere reads nothing there', async () => {
    put('a.wav', 'a');
    symlinkSync('/etc/passwd', join(folder, 'in/link.wav'));
    pack('s.tar', ['a.wav', 'link.wav'], '--transform', 's,^a,../../a,', '-P');
    const { rows: found, rejected } = await rows('s.tar');
    expect(found).toEqual([]);
    expect(rejected).toEqual([
      { clip: '../../a', reason: expect.stringMatching(/leads out of the shard/) },
    ]);
  });

  it('counts a clip without audio and one with broken labels', async () => {
    put('a.json', '{"labels": []}');
    put('b.wav', 'b');
    put('b.json', '{"labels": ');
    pack('s.tar', ['a.json', 'b.wav', 'b.json']);
    expect((await rows('s.tar')).rejected.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^no audio/),
      expect.stringMatching(/^unreadable \.json/),
    ]);
  });

  it('is CorpusInvalid if truncated or no tar, and RunFileInvalid if missing', async () => {
    put('a.wav', Buffer.alloc(2000));
    put('b.wav', Buffer.alloc(2000));
    pack('s.tar', ['a.wav', 'b.wav']);
    writeFileSync(join(folder, 'cut.tar'), readFileSync(join(folder, 's.tar')).subarray(0, 2800));
    writeFileSync(join(folder, 'noise.tar'), Buffer.alloc(2000, 'noise'));
    await expect(rows('cut.tar')).rejects.toMatchObject({
      code: 'CorpusInvalid',
      message: expect.stringMatching(/^corpus\.train: .*cut\.tar: it breaks off/),
    });
    await expect(rows('noise.tar')).rejects.toMatchObject({
      code: 'CorpusInvalid',
      message: expect.stringMatching(/does not match its sum/),
    });
    await expect(rows('s-{0..1}.tar')).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(/s-0\.tar cannot be read \(ENOENT\)/),
    });
  });
});
