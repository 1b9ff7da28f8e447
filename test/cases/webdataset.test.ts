import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { paxContent, tarBytes, type TarEntry } from '../support/tar-bytes';
import { outcomeOf, wav, write, type Outcome } from './corpus-case';

/** WebDataset shards as users bring them: each clip is there with its labels, or told. */
describe('the shard', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-case-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const label = '{"labels": ["Dog"]}';
  const clip = (key: string, json = label): TarEntry[] => [
    { name: `${key}.wav`, content: wav },
    { name: `${key}.json`, content: json },
  ];
  const dogs = (...keys: string[]): Outcome => ({
    clips: Object.fromEntries(keys.map((key) => [key, ['Dog']])),
  });
  const long = `${'d'.repeat(120)}/${'n'.repeat(150)}`;

  it.each<[string, TarEntry[], Outcome]>([
    // W03 - W18
    [
      'with what macOS adds',
      [
        { name: './._k0.wav', content: 'fork' },
        ...clip('./k0'),
        { name: './._k0.json', content: 'fork' },
      ],
      dogs('k0'),
    ],
    [
      'with members of a clip apart',
      ['k0.wav', 'k1.wav', 'k0.json', 'k1.json'].map((name) => ({
        name,
        content: name.endsWith('json') ? label : wav,
      })),
      dogs('k0', 'k1'),
    ],
    [
      'with decimal points in its keys',
      ['abc_10.000_20.000', 'abc_30.000_40.000', 'vol0.5_a', 'vol0.7_b'].flatMap((key) =>
        clip(key),
      ),
      dogs('abc_10.000_20.000', 'abc_30.000_40.000', 'vol0.5_a', 'vol0.7_b'),
    ],
    ['with NaN in a side-car', clip('k0', '{"labels": ["Dog"], "gain": NaN}'), dogs('k0')],
    [
      'with a name as .cls',
      [
        { name: 'k0.flac.wav', content: wav },
        { name: 'k0.cls', content: 'Dog' },
      ],
      dogs('k0'),
    ],
    ['with a list as side-car', clip('k0', '["Dog"]'), dogs('k0')],
    ['with `tag` in the side-car', clip('k0', '{"tag": "Dog"}'), dogs('k0')],
    ['with a text as side-car', clip('k0', '"Dog"'), dogs('k0')],
    [
      'with two audio members of a key',
      [
        { name: 'k0.mix.wav', content: wav },
        { name: 'k0.stem.wav', content: wav },
        { name: 'k0.json', content: label },
      ],
      {
        ...dogs('k0'),
        notes: ['s.tar: 1 further audio member is not used: k0.stem.wav beside k0.mix.wav'],
      },
    ],
    // Of the same kinds.
    [
      'with endings in capitals',
      [
        { name: 'k0.WAV', content: wav },
        { name: 'k0.JSON', content: label },
      ],
      dogs('k0'),
    ],
    [
      'with side-cars of other kinds',
      [...clip('k0'), { name: 'k0.txt', content: 'a dog' }, { name: 'k1.txt', content: 'x' }],
      { ...dogs('k0'), notes: ['s.tar: 2 members that end in .txt are not used: k0.txt'] },
    ],
    [
      'with hard links to equal files',
      [
        ...clip('k0'),
        { name: 'k1.wav', type: '1', link: 'k0.wav' },
        { name: 'k1.json', content: label },
      ],
      dogs('k0', 'k1'),
    ],
    [
      'with a hard link of a long target',
      [
        { name: '././@LongLink', type: 'K', content: 'k0.wav\0' },
        { name: 'k1.wav', type: '1', link: 'cut' },
        ...clip('k0'),
      ].reverse(),
      {
        clips: { k0: ['Dog'] },
        notes: [expect.stringMatching(/1 link is not used: k1\.wav/) as string],
      },
    ],
    [
      'with symbolic links',
      [...clip('k0'), { name: 'k1.wav', type: '2', link: 'k0.wav' }],
      {
        ...dogs('k0'),
        notes: ['s.tar: 1 link is not used: k1.wav; pack the files themselves with --dereference'],
      },
    ],
    [
      'with long names of GNU',
      [
        { name: '././@LongLink', type: 'L', content: `${long}.wav\0` },
        { name: 'cut', content: wav },
        { name: '././@LongLink', type: 'L', content: `${long}.json\0` },
        { name: 'cut', content: label },
      ],
      dogs(long),
    ],
    [
      'with long names of pax',
      [
        { name: 'pax', type: 'x', content: paxContent({ path: `${long}.wav` }) },
        { name: 'cut', content: wav },
        { name: 'pax', type: 'x', content: paxContent({ path: `${long}.json` }) },
        { name: 'cut', content: label },
      ],
      dogs(long),
    ],
    [
      'with absolute names',
      [{ name: '/k0.wav', content: wav }],
      { clips: {}, rejected: { '/k0': 'a name that leads out of the shard in s.tar' } },
    ],
    [
      'with a sparse member',
      [
        {
          name: 'pax',
          type: 'x',
          content: paxContent({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'k1.wav' }),
        },
        { name: 'k1.wav', content: wav },
        ...clip('k0'),
      ],
      { ...dogs('k0'), rejected: { k1: 'a sparse file in s.tar; pack it without --sparse' } },
    ],
    [
      'with bars between labels',
      clip('k0', '{"labels": "Dog|Music"}'),
      { clips: { k0: ['Music', 'Dog'] } },
    ],
  ])('%s', async (_what, entries, expected) => {
    write(folder, { 's.tar': tarBytes(entries) });
    expect(await outcomeOf(folder, 's.tar')).toEqual(expected);
  });

  // W11
  it('of a set is told apart from one with the same keys', async () => {
    const content = tarBytes(clip('k0'));
    write(folder, { 'd_0.tar': content, 'd_1.tar': content });
    expect(await outcomeOf(folder, 'd_{0..1}.tar')).toEqual(dogs('k0', 'd_1.tar/k0'));
  });

  it('of two archives, one behind the other, is read to its end', async () => {
    write(folder, { 's.tar': Buffer.concat([tarBytes(clip('k0')), tarBytes(clip('k1'))]) });
    expect(await outcomeOf(folder, 's.tar')).toEqual(dogs('k0', 'k1'));
  });

  const refused = (name: string, why: string): Outcome => ({
    refused: `corpus.train: ${name}: it ${why}`,
  });
  const whole = tarBytes([...clip('k0'), ...clip('k1')]);
  it.each<[string, string, Uint8Array, Outcome]>([
    // W05, W05c, W12
    [
      'in gzip',
      's.tar.gz',
      gzipSync(whole),
      refused('s.tar.gz', 'is gzip data, not a text table; decompress it with gunzip'),
    ],
    [
      'in gzip, named .tar',
      's.tar',
      gzipSync(whole),
      refused(
        's.tar',
        'is gzip data, whose members cannot be read in place; decompress it with gunzip',
      ),
    ],
    [
      'that was cut',
      's.tar',
      whole.subarray(0, 6000),
      refused('s.tar', 'breaks off inside of k1.wav; fetch it again'),
    ],
    // Of the same kinds.
    [
      'that is a zip',
      's.tar',
      Buffer.from('PK\x03\x04rest'),
      refused('s.tar', 'is a zip archive, not a tar archive; run `ced init` on it'),
    ],
    [
      'that Git LFS did not fetch',
      's.tar',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'),
      refused(
        's.tar',
        'is a Git LFS pointer, not a tar archive; fetch the file with `git lfs pull`',
      ),
    ],
    [
      'that is a page for people',
      's.tar',
      Buffer.from('<!DOCTYPE html><title>Sign in</title>'),
      refused(
        's.tar',
        'is a web page, not a tar archive; look at the address: it may ask for a login',
      ),
    ],
    [
      'in zstd',
      's.tar',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]),
      refused(
        's.tar',
        'is zstd data, whose members cannot be read in place; decompress it with unzstd',
      ),
    ],
  ])('%s is refused in one line', async (_what, name, content, expected) => {
    write(folder, { [name]: content });
    expect(await outcomeOf(folder, name)).toEqual(expected);
  });
});
