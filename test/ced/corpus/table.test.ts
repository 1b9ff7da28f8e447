import { gzipSync } from 'node:zlib';
import type { Label } from '../../../ced/corpus/label-list';
import { LabelNumbers } from '../../../ced/corpus/label-numbers';
import * as table from '../../../ced/corpus/table';
import { openSource } from '../../../storage/sources/open-source';

const parseTable = (text: string, path: string) => table.parseTable(Buffer.from(text), path);

describe('a corpus table', () => {
  it('reads JSONL, with audio relative to the table and labels optional', () => {
    const text =
      '{"clip":"a","audio":"a.wav","labels":["Violin",3]}\n\n' +
      '{"clip":"b","audio":"/elsewhere/b.wav"}\n';
    expect(parseTable(text, '/data/train.jsonl')).toEqual({
      rows: [
        { clip: 'a', audio: '/data/a.wav', written: 'a.wav', labels: ['Violin', 3] },
        { clip: 'b', audio: '/elsewhere/b.wav', labels: null },
      ],
      rejected: [],
      notes: [],
    });
  });

  it.each([
    ['JSONL', 'train.jsonl', (at: number) => `{"clip":"${at}","audio":"${at}.wav"}`],
    ['TSV', 'train.tsv', (at: number) => `${at}.wav\t`],
  ])('is parsed in parts of 10,000 rows: %s', async (_, name, line) => {
    const text = Array.from({ length: 35_000 }, (__, at) => line(at)).join('\n');
    const bytes = Buffer.from(text);
    let parts = 0;
    const rows = await table.parseTableInParts(bytes, `/data/${name}`, undefined, () =>
      Promise.resolve(void parts++),
    );
    expect(rows.rows).toHaveLength(35_000);
    expect(rows).toEqual(table.parseTable(bytes, `/data/${name}`));
    expect(parts).toBe(3);
    const refused = table.parseTableInParts(bytes, `/data/${name}`, undefined, () =>
      Promise.reject(new Error('stopped')),
    );
    await expect(refused).rejects.toThrow('stopped');
  });

  it("reads CED's TSV, with indexes joined by semicolons", () => {
    expect(parseTable('filename\tlabels\nx.wav\t3;17\ny.wav\t\n', '/data/train.tsv').rows).toEqual([
      { clip: 'x.wav', audio: '/data/x.wav', written: 'x.wav', labels: [3, 17] },
      { clip: 'y.wav', audio: '/data/y.wav', written: 'y.wav', labels: null },
    ]);
  });

  it.each([
    ['gs://bucket/corpus/t.jsonl', 'gs://'],
    ['s3://bucket/corpus/t.jsonl', 's3://'],
    ['https://host.example/corpus/t.jsonl?signature=s', 'https://'],
    ['hf://organisation/repository/t.jsonl', 'hf://'],
  ])('names no file of this machine when it is from elsewhere: %s', (path, scheme) => {
    const hostile = [
      '/etc/passwd',
      '../../../../etc/passwd',
      '..',
      'a/../../../../etc/passwd',
      '//etc/passwd',
      '%2e%2e/%2e%2e/etc/passwd',
      '..%2f..%2fetc/passwd',
      '\\\\host\\share',
      '/proc/self/environ',
    ];
    const file = JSON.stringify({ clip: 'file', audio: 'file:///etc/passwd' });
    expect(() => openSource(parseTable(file, path).rows[0]!.audio)).toThrow(/cannot be read/);
    const text = hostile.map((audio, row) => JSON.stringify({ clip: `${row}`, audio })).join('\n');
    const { rows, rejected } = parseTable(text, path);
    expect(rows.length + rejected.length).toBe(hostile.length);
    for (const { audio } of rows) expect(audio.startsWith(scheme)).toBe(true);
  });

  it('from elsewhere names files of this machine below audioRoot only', () => {
    const names = [
      'a.wav',
      'sub/a.wav',
      '/etc/passwd',
      '../a.wav',
      'sub/../../a.wav',
      '/data/b.wav',
    ];
    const text = names.map((audio) => JSON.stringify({ clip: audio, audio })).join('\n');
    const url = 'https://host.example/t.jsonl';
    const { rows, rejected } = table.parseTable(Buffer.from(text), url, '/data');
    expect(rows.map(({ audio }) => audio)).toEqual([
      '/data/a.wav',
      '/data/sub/a.wav',
      '/data/b.wav',
    ]);
    expect(rows.filter(({ written }) => written !== undefined)).toEqual([]);
    expect(rejected.map(({ reason }) => reason)).toEqual(
      ['/etc/passwd', '../a.wav', 'sub/../../a.wav'].map(
        (name) => `its audio ${name} leads out of /data`,
      ),
    );
  });

  it('leaves URIs as they are', () => {
    expect(
      parseTable('{"clip":"a","audio":"gs://bucket/a.flac"}', '/data/t.jsonl').rows[0]?.audio,
    ).toBe('gs://bucket/a.flac');
  });

  it('counts broken rows by name and reason and keeps the rest', () => {
    const text =
      '{"clip":"a","audio":"a.wav"}\nnot json\n{"clip":"a","audio":"again.wav"}\n{"clip":"c"}\n';
    const { rows, rejected } = parseTable(text, '/data/t.jsonl');
    expect(rows).toHaveLength(1);
    expect(rejected).toEqual([
      { clip: 't.jsonl:2', reason: 'unreadable row: not JSON' },
      { clip: 'a', reason: 'duplicate clip id' },
      { clip: 't.jsonl:4', reason: expect.stringContaining('audio') as unknown },
    ]);
  });

  it('joins the labels of rows that repeat a clip, and says so', () => {
    const csv = 'filename,label\na.wav,Dog\nb.wav,Cat\na.wav,Rain\na.wav,Dog\nb.wav,\n';
    const { rows, rejected, notes } = parseTable(csv, '/d/t.csv');
    expect(rows.map(({ clip, labels }) => [clip, labels])).toEqual([
      ['a.wav', ['Dog', 'Rain']],
      ['b.wav', ['Cat']],
    ]);
    expect(rejected).toEqual([]);
    expect(notes).toEqual(['t.csv: 3 rows repeat a clip; the labels of all its rows count']);
  });

  it.each([
    ['audio', '{"clip":"a","audio":"b.wav","labels":["Rain"]}'],
    ['segment', '{"clip":"a","audio":"a.wav","start":1,"end":2,"labels":["Rain"]}'],
  ])('rejects a repeated clip id of another %s', (_, again) => {
    const text = `{"clip":"a","audio":"a.wav","labels":["Dog"]}\n${again}\n`;
    const { rows, rejected } = parseTable(text, '/d/t.jsonl');
    expect(rows.map(({ labels }) => labels)).toEqual([['Dog']]);
    expect(rejected).toEqual([{ clip: 'a', reason: 'duplicate clip id' }]);
  });

  it('takes a list of paths alone, with its header, as unlabelled clips', () => {
    const { rows, rejected } = parseTable('filename\na.wav\nb.wav\n', '/d/t.tsv');
    expect(rows.map(({ clip, labels }) => [clip, labels])).toEqual([
      ['a.wav', null],
      ['b.wav', null],
    ]);
    expect(rejected).toEqual([]);
  });

  it.each([
    ['1;', [1]],
    [';2;;3', [2, 3]],
    ['Violin', ['Violin']],
    ['Chatter, babble;4', ['Chatter, babble', 4]],
    ['007;7;0', ['007', 7, 0]],
    [' ', null],
  ])('reads the TSV labels %p without empty items', (cell, labels) => {
    expect(parseTable(`x.wav\t${cell}\n`, '/d/t.tsv').rows[0]?.labels).toEqual(labels);
  });

  it.each(['\n', '\r\n'])('ignores a byte order mark, with lines that end in %j', (end) => {
    const jsonl = ['\uFEFF{"clip":"a","audio":"a.wav"}', '{"clip":"b","audio":"b.wav"}', ''];
    const tsv = ['\uFEFFfilename\tlabels', 'a\t0', 'b\t1', ''];
    for (const [lines, path] of [
      [jsonl, '/d/t.jsonl'],
      [tsv, '/d/t.tsv'],
    ] as const) {
      const { rows, rejected } = parseTable(lines.join(end), path);
      expect(rows.map(({ clip }) => clip)).toEqual(['a', 'b']);
      expect(rejected).toEqual([]);
    }
  });

  it('takes a number as clip id, a single label, null labels and a segment', () => {
    const rows = [
      '{"clip": 0, "audio": "a.wav", "labels": "Dog"}',
      '{"clip": "b", "audio": "a.wav", "labels": null}',
      '{"clip": "c", "audio": "a.wav", "start": 0.2, "end": 0.4}',
    ];
    expect(parseTable(rows.join('\n'), '/d/t.jsonl')).toMatchObject({
      rows: [
        { clip: '0', labels: ['Dog'] },
        { clip: 'b', labels: null },
        { clip: 'c', segment: { start: 0.2, end: 0.4 } },
      ],
      rejected: [],
    });
  });

  it.each([
    ['{"clip":"a","audio":"a.wav","start":1}', /end is NaN/],
    ['{"clip":"a","audio":"a.wav","start":2,"end":1}', /above start = 2/],
    ['{"clip":"a","audio":"a.wav","start":-1,"end":1}', /seconds from 0/],
    ['{"clip":"a","audio":"a.wav","labels":[{}]}', /labels: expected names/],
    ['["a"]', /expected an object/],
  ])('rejects %s with the reason', (row, reason) => {
    expect(parseTable(row, '/d/t.jsonl').rejected[0]?.reason).toMatch(reason);
  });

  it('refuses an unknown field by its name, with those there are', () => {
    const row = '{"clip":"a","audio":"a.wav","start_time":0}';
    expect(() => parseTable(row, '/d/t.jsonl')).toThrow(
      "t.jsonl:1: there is no field 'start_time'; the fields are clip, audio, labels, start, end",
    );
  });

  it('reads NaN outside of strings as null, as Python writes it', () => {
    const row = '{"clip":"NaN","audio":"a.wav","labels":NaN}';
    expect(parseTable(row, '/d/t.jsonl').rows[0]).toMatchObject({ clip: 'NaN', labels: null });
  });

  it("keeps a hash and a question mark in a local path and a bucket's key", () => {
    for (const path of ['/d/take#1?.tsv', 'gs://bucket/take#1?.tsv'])
      expect(parseTable('a#b?.wav\t1\n', path).rows[0]?.audio).toMatch(/\/a#b\?\.wav$/);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['gzip data', gzipSync('{"clip":"a"}'), /gzip data.*gunzip/],
    ['UTF-16 text', Buffer.from('\uFEFF{}', 'utf16le'), /UTF-16 text.*UTF-8/],
    ['a web page', Buffer.from('<!DOCTYPE html><html>'), /web page/],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
      /Git LFS pointer.*git lfs pull/,
    ],
    ['a Parquet file', Buffer.from('PAR1xxxx'), /Parquet/],
    ['binary data', Buffer.from([1, 2, 0, 3, 4, 5]), /binary data/],
  ])('names %s in one line instead of rejecting every row', (_what, bytes, message) => {
    expect(() => table.parseTable(bytes, '/d/t.jsonl')).toThrow(message);
  });
});

describe('a table of a published dataset', () => {
  it("is AudioSet's segments, found under the names that downloaders give", () => {
    const text = [
      '# Segments csv created Sun Mar  5 10:54:31 2017',
      '# num_ytids=3, num_segs=3',
      '# YTID, start_seconds, end_seconds, positive_labels',
      '-0DdlOuIFUI, 50.000, 60.000, "/m/00,/m/01"',
      '--4gqARaEJE, 0.000, 10.000, "/m/02"',
    ].join('\n');
    const { rows, rejected, notes } = parseTable(text, '/d/segments.csv');
    expect(rejected).toEqual([]);
    expect(rows.map(({ labels }) => labels)).toEqual([['/m/00', '/m/01'], ['/m/02']]);
    expect(notes.join()).toMatch(/^segments\.csv: its seconds are those of videos: files that are/);
    expect(rows[0]?.videoSegment).toEqual({ start: 50, end: 60 });
    expect(rows[0]?.stems).toEqual(
      expect.arrayContaining(['-0DdlOuIFUI_50.000', 'Y-0DdlOuIFUI', '-0DdlOuIFUI_50000_60000']),
    );
    expect(rows[0]).not.toHaveProperty('segment');
  });

  it("is FSD50K's, whose class names stand in quotes", () => {
    const text =
      'fname,labels,mids,split\nc0,"Dog,Music","/m/02,/m/01",train\nc1,Speech,/m/00,val\n';
    expect(parseTable(text, '/d/dev.csv').rows).toMatchObject([
      { clip: 'c0', stems: ['c0'], labels: ['/m/02', '/m/01'] },
      { clip: 'c1', labels: ['/m/00'] },
    ]);
  });

  it("is ESC-50's, labelled by its category", () => {
    const text =
      'filename,fold,target,category,esc10,src_file,take\nc0.wav,1,0,dog,True,100032,A\n';
    expect(parseTable(text, '/d/esc50.csv').rows).toMatchObject([
      { clip: 'c0.wav', audio: '/d/c0.wav', labels: ['dog'] },
    ]);
  });

  it("is UrbanSound8K's, whose seconds are those of the recording that a file was cut from", () => {
    const text = [
      'slice_file_name,fsID,start,end,salience,fold,classID,class',
      '100263-2-0-117.wav,100263,58.5,62.5,1,5,2,children_playing',
    ].join('\n');
    const { rows } = parseTable(text, '/d/UrbanSound8K.csv');
    expect(rows).toMatchObject([
      { clip: '100263-2-0-117.wav', labels: ['children_playing'], stated: { group: '100263' } },
    ]);
    expect(rows[0]).not.toHaveProperty('segment');
  });

  it.each<[string, string, object]>([
    ['onset,offset', '0.5,2.25', { start: 0.5, end: 2.25 }],
    ['start,duration', '1.5,2', { start: 1.5, end: 3.5 }],
    ['offset,duration', '1,2', { start: 1, end: 3 }],
    ['offset,duration', '0.1,0.2', { start: 0.1, end: 0.3 }],
    ['offset,duration', '0,2', { start: 0, end: 2 }],
    ['duration,offset,end', '9,1,4', { start: 1, end: 4 }],
  ])('with the columns %s cuts the segment that they state', (columns, values, segment) => {
    const [csv, fields] = [`filename,${columns}\na.wav,${values}\n`, columns.split(',')];
    expect(parseTable(csv, '/d/t.csv').rows).toMatchObject([{ audio: '/d/a.wav', segment }]);
    const numbers = values.split(',').map(Number);
    const object = Object.fromEntries(fields.map((field, at) => [field, numbers[at]]));
    const manifest = JSON.stringify({ audio_filepath: 'a.wav', ...object });
    expect(parseTable(manifest, '/d/m.json').rows).toMatchObject([{ audio: '/d/a.wav', segment }]);
  });

  it('whose only seconds are how long its files last takes them whole', () => {
    const { rows } = parseTable('filename,duration\na.wav,2.5\n', '/d/t.csv');
    expect(rows).toEqual([{ clip: 'a.wav', audio: '/d/a.wav', written: 'a.wav', labels: null }]);
  });

  it('is a recipe of AST', () => {
    const text = '{"data": [{"wav": "/a/b.flac", "labels": "/m/1,/m/2"}]}';
    expect(parseTable(text, '/d/train.json').rows).toEqual([
      { clip: '/a/b.flac', audio: '/a/b.flac', labels: ['/m/1', '/m/2'] },
    ]);
  });

  it('is refused when a quote is never closed', () => {
    expect(() => parseTable('filename,labels\na.wav,"x\n', '/d/t.csv')).toThrow(
      /quoting is broken/,
    );
  });
});

describe('labels and a vocabulary', () => {
  const numbers = new LabelNumbers([
    { mid: '/m/00', name: 'Speech' },
    { mid: '/m/03', name: 'Chatter, babble' },
    { mid: '', name: '7' },
  ]);

  it.each<[Label[], number[]]>([
    [
      ['Speech', '/m/03'],
      [0, 1],
    ],
    [['Chatter, babble'], [1]],
    [['Speech,7'], [0, 2]],
    [
      ['1', 0],
      [0, 1],
    ],
    [['7'], [2]],
  ])('%j are the classes %j', (labels, found) => {
    expect(numbers.find(labels)).toEqual({ numbers: found, unknown: [] });
  });

  it('name what the vocabulary lacks', () => {
    expect(numbers.find(['Speech', 'Cat', 3])).toEqual({ numbers: [0], unknown: ['Cat', 3] });
  });
});
