import { ingestHead, ingestRow } from '../ingest-table';

describe('the table of the ingest benchmark', () => {
  const head = ingestHead('soundfile 1 (libsndfile 2), soxr 3', {
    clips: 64,
    clipSeconds: 10,
    rounds: 5,
  });

  it('says what both sides do, and with what', () => {
    for (const step of [
      'decode',
      'resample',
      'hash',
      'write and fsync one shard',
      'libsndfile 2',
      'soxr 3',
      'CPU second',
    ])
      expect(head).toContain(step);
  });

  it('states the goal in every row, and where it is missed, however closely', () => {
    expect(ingestRow('flac', 1100, 1000)).toBe(
      '| FLAC 44.1 kHz stereo | 1100 | 1000 | 1.10 | at least 1.0 |',
    );
    expect(ingestRow('wav', 1000, 1000)).toMatch(/\| 1\.00 \| at least 1\.0 \|$/);
    expect(ingestRow('wav', 999, 1000)).toMatch(/\| 1\.00 \| at least 1\.0 missed \|$/);
  });

  it('has a cell for every column', () => {
    const cells = (text: string): number => text.split('|').length;
    expect(cells(head.split('\n').at(-1)!)).toBe(cells(ingestRow('flac', 1, 1)));
    expect(cells(head.split('\n').at(-2)!)).toBe(cells(ingestRow('flac', 1, 1)));
  });
});
