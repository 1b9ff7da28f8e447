import { parseTable } from '../../../ced/corpus/table';

describe('a corpus table', () => {
  it('reads JSONL, with audio relative to the table and labels optional', () => {
    const text =
      '{"clip":"a","audio":"a.wav","labels":["Violin",3]}\n\n{"clip":"b","audio":"/elsewhere/b.wav"}\n';
    expect(parseTable(text, '/data/train.jsonl')).toEqual({
      rows: [
        { clip: 'a', audio: '/data/a.wav', labels: ['Violin', 3] },
        { clip: 'b', audio: '/elsewhere/b.wav', labels: null },
      ],
      rejected: [],
    });
  });

  it("reads CED's TSV, with indexes joined by semicolons", () => {
    expect(parseTable('filename\tlabels\nx.wav\t3;17\ny.wav\t\n', '/data/train.tsv').rows).toEqual([
      { clip: 'x.wav', audio: '/data/x.wav', labels: [3, 17] },
      { clip: 'y.wav', audio: '/data/y.wav', labels: null },
    ]);
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

  it('rejects a TSV row whose labels are not indexes', () => {
    expect(parseTable('x.wav\tViolin\n', '/d/t.tsv').rejected[0]?.reason).toContain(
      "labels 'Violin'",
    );
  });
});
