import { growth, isWithinGoals, lengthsTable, settledRatio } from '../lengths/report';
import type { LengthsResult, ShardSample } from '../lengths/report';

const sample = (ms: number, functions = 30, megabytes = 500): ShardSample => ({
  ms,
  cpuMs: 2 * ms,
  functions,
  residentBytes: megabytes * 1e6,
});
const result = (fields: Partial<LengthsResult> = {}): LengthsResult => ({
  model: 'tiny',
  clips: 200,
  views: 2,
  equal: [5000, 1000, 2000].map((ms) => sample(ms)),
  varied: [9000, 1100, 2200].map((ms) => sample(ms)),
  lengths: 2000,
  shards: [400, 520, 510, 515, 512].map((megabytes) => sample(1000, 30, megabytes)),
  ...fields,
});

describe('the lengths bench', () => {
  it('compares rounds with each other, and leaves the first out', () => {
    expect(settledRatio(result())).toEqual({ wall: 1.1, cpu: 1.1 });
  });

  it('measures growth between the halves of the shards after the first', () => {
    expect(growth(result().shards)).toEqual({ bytes: 2e6, functions: 0 });
  });

  it('misses its goals by the ratio, by memory or by functions', () => {
    expect(isWithinGoals(result())).toBe(true);
    expect(isWithinGoals(result({ varied: [1, 1200, 2400].map((ms) => sample(ms)) }))).toBe(false);
    const growing = [400, 500, 510, 600, 700];
    expect(isWithinGoals(result({ shards: growing.map((mb) => sample(1, 30, mb)) }))).toBe(false);
    expect(isWithinGoals(result({ shards: growing.map((n) => sample(1, n)) }))).toBe(false);
  });

  it('prints both sides, the ratio and every shard', () => {
    const text = lengthsTable(result({ varied: [9000, 1200, 2400].map((ms) => sample(ms)) }));
    expect(text).toMatch(/one length +5\.00 +10\.00 +1\.50 +3\.00 +30/);
    expect(text).toMatch(
      /ratio, median of rounds +1\.20 +1\.20\n {2}goal for the time: 1\.15, missed/,
    );
    expect(text).toContain('MB         400 520 510 515 512');
    expect(text).toContain('grown by 0 functions and 2 MB');
  });
});
