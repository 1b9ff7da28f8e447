import { encodeRejected, groupRejected, type RejectedClip } from '../../report/run-corpus';

const clip = (name: string, reason: string): RejectedClip => ({
  split: 'train',
  clip: name,
  reason,
});

describe('rejected clips', () => {
  it('are grouped by what their reasons have in common, most frequent first', () => {
    const groups = groupRejected([
      clip('a', "unknown label 'Kazoo'"),
      clip('b', 'no such file: /x/b.wav'),
      clip('c', "unknown label 'Theremin'"),
      clip('d', 'tooShort: 12 samples'),
    ]);
    expect(groups.map(({ kind, count }) => [kind, count])).toEqual([
      ['unknown label …', 2],
      ['no such file', 1],
      ['tooShort', 1],
    ]);
    expect(groups[0]?.examples.map(({ reason }) => reason)).toEqual([
      "unknown label 'Kazoo'",
      "unknown label 'Theremin'",
    ]);
  });

  it('are grouped whatever addresses their reasons name', () => {
    const groups = groupRejected([
      clip('a', '/data/set 1/a.wav: no such file'),
      clip('b', 's3://bucket/set1/b.wav: damaged: frame 3'),
      clip('c', 'no audio in /data/W05b/set1: 3 files'),
      clip('d', 'no audio in http://host:8080/set2: 5 files'),
      clip('e', 'unknown label AC/DC 2'),
    ]);
    expect(groups.map(({ kind, count }) => [kind, count])).toEqual([
      ['no audio in …', 2],
      ['damaged', 1],
      ['no such file', 1],
      ['unknown label AC/DC n', 1],
    ]);
  });

  it('are shown by a few examples and counted in full', () => {
    const [group] = groupRejected(
      Array.from({ length: 40 }, (_, index) => clip(`clip ${index}`, `damaged: frame ${index}`)),
    );
    expect(group?.count).toBe(40);
    expect(group?.examples).toHaveLength(5);
  });

  it('are written one a line, whatever their names hold', () => {
    const rejected = [clip('line\nbreak', 'damaged: "quoted"'), clip('b', 'no samples')];
    const lines = Buffer.from(encodeRejected(rejected)).toString().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(rejected);
  });
});
