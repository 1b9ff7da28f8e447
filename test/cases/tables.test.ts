import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { outcomeOf, wav, write, type Files, type Outcome } from './corpus-case';

/** Tables as users bring them: each is read, or refused in one line. */
describe('the table', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ced-case-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const audio = (...names: string[]): Files => Object.fromEntries(names.map((name) => [name, wav]));
  const tabs = (...rows: string[][]): string => rows.map((row) => `${row.join('\t')}\n`).join('');
  const dog = '{"clip": "c0", "audio": "c0.wav", "labels": ["Dog"]}\n';
  const notJson = (line: string): string =>
    `corpus.train: t.scp: not a valid table: no line of it is JSON, the first is '${line}'; ` +
    'expected rows such as {"clip": "a", "audio": "a.wav"}; give other lists a name that ends ' +
    'in .tsv, .csv or .txt, and a header such as filename,labels';
  const foreign = (name: string, what: string): Outcome => ({
    refused: `corpus.train: ${name}: not a valid table: it is ${what}`,
  });

  it.each<[string, string, string | Uint8Array, Outcome]>([
    // T01, T05, T19
    [
      'of paths alone',
      't.tsv',
      'filename\nc0.wav\nc1.wav\n',
      clips({ 'c0.wav': null, 'c1.wav': null }),
    ],
    ['with a byte order mark in JSONL', 't.jsonl', `\uFEFF${dog}`, clips({ c0: ['Dog'] })],
    [
      'with a byte order mark in TSV',
      't.tsv',
      `\uFEFF${tabs(['filename', 'labels'], ['c0.wav', '0'])}`,
      clips({ 'c0.wav': ['Speech'] }),
    ],
    [
      'whose labels end in ;',
      't.tsv',
      tabs(['filename', 'labels'], ['c0.wav', '1;'], ['c1.wav', '2;']),
      clips({ 'c0.wav': ['Music'], 'c1.wav': ['Dog'] }),
    ],
    // T09
    [
      "of AudioSet's segments",
      't.csv',
      '# Segments csv created Sun Mar  5 10:54:31 2017\n# num_ytids=1\n' +
        '# YTID, start_seconds, end_seconds, positive_labels\n' +
        '-0DdlOuIFUI, 50.000, 60.000, "/m/00,/m/01"\n',
      {
        ...clips({ '-0DdlOuIFUI_50.000_60.000': ['Speech', 'Music'] }),
        notes: [
          't.csv: its seconds are those of videos: files that are longer than their segments ' +
            'are cut to them, others are taken whole',
        ],
      },
    ],
    [
      'of FSD50K',
      't.csv',
      'fname,labels,mids,split\nc0,"Dog,Music","/m/02,/m/01",train\nc1,Speech,/m/00,train\n',
      clips({ c0: ['Music', 'Dog'], c1: ['Speech'] }),
    ],
    [
      'of ESC-50',
      't.csv',
      'filename,fold,target,category,esc10,src_file,take\nc0.wav,1,0,Dog,True,100032,A\n',
      clips({ 'c0.wav': ['Dog'] }),
    ],
    // T22
    [
      'with one label as text',
      't.jsonl',
      '{"clip": "c0", "audio": "c0.wav", "labels": "Dog"}',
      clips({ c0: ['Dog'] }),
    ],
    [
      'with null and empty labels',
      't.jsonl',
      '{"clip": "a", "audio": "c0.wav", "labels": null}\n' +
        '{"clip": "b", "audio": "c0.wav", "labels": ""}',
      clips({ a: null, b: null }),
    ],
    [
      'with a number as clip',
      't.jsonl',
      '{"clip": 0, "audio": "c0.wav", "labels": ["1"]}',
      clips({ 0: ['Music'] }),
    ],
    // Of the same kinds.
    [
      'with old line ends of a Mac',
      't.tsv',
      'filename\tlabels\rc0.wav\t0\rc1.wav\t1\r',
      clips({ 'c0.wav': ['Speech'], 'c1.wav': ['Music'] }),
    ],
    [
      'with line ends of two kinds',
      't.csv',
      'filename,labels\r\nc0.wav,0\nc1.wav,1\r\n',
      clips({ 'c0.wav': ['Speech'], 'c1.wav': ['Music'] }),
    ],
    [
      'of JSON lines with old line ends of a Mac',
      't.jsonl',
      `${dog.trim()}\r${dog.trim().replaceAll('c0', 'c1')}\r`,
      clips({ c0: ['Dog'], c1: ['Dog'] }),
    ],
    [
      'that is one JSON array',
      't.json',
      `[\n  ${dog.trim()},\n  {"clip": "c1",\n "audio": "c1.wav"}\n]`,
      clips({ c0: ['Dog'], c1: null }),
    ],
    ['of semicolons', 't.csv', 'filename;label\nc0.wav;Dog\n', clips({ 'c0.wav': ['Dog'] })],
    [
      'of commas, named .tsv',
      't.tsv',
      'filename,label\nc0.wav,Dog\n',
      clips({ 'c0.wav': ['Dog'] }),
    ],
    [
      'of tabs with quoted cells',
      't.tsv',
      tabs(['filename', 'labels'], ['"c0.wav"', '"Chatter, babble"']),
      clips({ 'c0.wav': ['Chatter, babble'] }),
    ],
    [
      'with bars between labels',
      't.csv',
      'filename,labels\nc0.wav,Dog|Music\nc1.wav,1|2\n',
      clips({ 'c0.wav': ['Music', 'Dog'], 'c1.wav': ['Music', 'Dog'] }),
    ],
    [
      'with commas between class numbers',
      't.csv',
      'filename,labels\nc0.wav,"1,2"\n',
      clips({ 'c0.wav': ['Music', 'Dog'] }),
    ],
    [
      'with lists as Python prints them',
      't.csv',
      `filename,labels\nc0.wav,"['Dog', 'Music']"\nc1.wav,"[1, 2]"\n`,
      clips({ 'c0.wav': ['Music', 'Dog'], 'c1.wav': ['Music', 'Dog'] }),
    ],
    [
      'with paths of Windows',
      't.tsv',
      tabs(['filename', 'labels'], ['sub\\c2.wav', '0']),
      clips({ 'sub\\c2.wav': ['Speech'] }),
    ],
    [
      'of files that begin with #',
      't.tsv',
      '#1.wav\n# 2.wav\n',
      clips({ '#1.wav': null, '# 2.wav': null }),
    ],
    ['with a header alone', 't.tsv', 'filename\tlabels\n', { clips: {} }],
    ['of comments alone', 't.tsv', '# nothing\n', { clips: {} }],
    [
      'of a column of labels under another name',
      't.csv',
      'filename,sound\nc0.wav,Dog\n',
      {
        clips: { 'c0.wav': null },
        notes: [
          expect.stringMatching(
            /^t\.csv: no column holds labels \(.*category.*\); not used: sound$/,
          ) as string,
        ],
      },
    ],
    // Rows that cannot be used are told, never cut.
    [
      'with a comma that is not quoted',
      't.csv',
      'filename,labels\nc0.wav,Chatter, babble\nc1.wav,1\n',
      {
        clips: { 'c1.wav': ['Music'] },
        rejected: {
          't.csv:2':
            'unreadable row: 3 columns where the table has 2; join labels by ;, ' +
            'and quote a text that holds the delimiter',
        },
      },
    ],
    [
      'of multi-hot labels',
      't.jsonl',
      '{"clip": "c0", "audio": "c0.wav", "labels": [0, 0, 1, 0, 0]}',
      { clips: {}, rejected: { c0: "unknown label '0, 0, 1, 0, … (multi-hot)'" } },
    ],
    [
      'in Latin-1',
      't.tsv',
      Buffer.from('filename\tlabels\nc0.wav\tCaf\u00e9\nc1.wav\t1\n', 'latin1'),
      {
        clips: { 'c1.wav': ['Music'] },
        rejected: { 'c0.wav': 'unreadable row: not UTF-8; save the table as UTF-8' },
      },
    ],
    [
      'of ids beyond what JSON numbers hold',
      't.jsonl',
      '{"clip": 12345678901234567890, "audio": "c0.wav"}',
      {
        clips: {},
        rejected: { 't.jsonl:1': 'unreadable row: clip: write a number this long as text' },
      },
    ],
    // Refused as a whole.
    [
      'with a header twice',
      't.csv',
      'filename,labels,labels\nc0.wav,Dog,Music\n',
      { refused: "corpus.train: t.csv: not a valid table: its header names 'labels' twice" },
    ],
    [
      "of VGGSound's columns without names",
      't.csv',
      '---g-f_I2yQ,1,people marching,test\n',
      {
        refused: expect.stringMatching(
          /its first line \(---g-f_I2yQ, 1, people marching, test\) has 4 columns, names none; expected a header with filename, file, path, audio/,
        ) as string,
      },
    ],
    [
      'whose header names no audio',
      't.csv',
      'recording,label\nc0.wav,Dog\n',
      {
        refused: expect.stringMatching(
          /its first line \(recording, label\) names no column of audio; expected a header/,
        ) as string,
      },
    ],
    [
      'with a quote that never closes',
      't.csv',
      'filename,labels\n"c0.wav,Dog\n',
      { refused: expect.stringMatching(/its quoting is broken: Quote Not Closed/) as string },
    ],
    [
      'of Kaldi',
      't.scp',
      'utt1 /data/a.wav\nutt2 /data/b.wav\n',
      { refused: notJson('utt1 /data/a.wav') },
    ],
    [
      'in UTF-16 without a mark',
      't.tsv',
      Buffer.from('filename\tlabels\nc0.wav\t0\n', 'utf16le'),
      foreign('t.tsv', 'UTF-16 text, not a text table; save it as UTF-8'),
    ],
    [
      'in big-endian UTF-16',
      't.tsv',
      Buffer.from('filename\tlabels\nc0.wav\t0\n', 'utf16le').swap16(),
      foreign('t.tsv', 'UTF-16 text, not a text table; save it as UTF-8'),
    ],
    [
      'in big-endian UTF-16 with a mark',
      't.jsonl',
      Buffer.from(`\uFEFF${dog}`, 'utf16le').swap16(),
      foreign('t.jsonl', 'UTF-16 text, not a text table; save it as UTF-8'),
    ],
    [
      'that is a tar of another name',
      't.jsonl',
      Buffer.concat([Buffer.alloc(257), Buffer.from('ustar'), Buffer.alloc(250)]),
      foreign('t.jsonl', 'a tar archive, not a text table; give it a name that ends in .tar'),
    ],
    [
      'in gzip',
      't.tsv.gz',
      gzipSync(dog),
      {
        refused:
          'corpus.train: t.tsv.gz: it is gzip data, not a text table; decompress it with gunzip',
      },
    ],
  ])('%s', async (_what, name, content, expected) => {
    write(
      folder,
      audio('c0.wav', 'c1.wav', 'sub/c2.wav', '#1.wav', '# 2.wav', 'audio/-0DdlOuIFUI_50.000.wav'),
    );
    write(folder, { [name]: content });
    expect(await outcomeOf(folder, name)).toEqual(expected);
  });

  function clips(found: NonNullable<Outcome['clips']>): Outcome {
    return { clips: found };
  }
});
