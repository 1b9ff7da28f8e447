import { growth, isWithinGoals, lengthsTable, settledRatio } from '../lengths/report';
import type { LengthsResult, Sides, StageSample } from '../lengths/report';

const sample = (ms: number, functions = 30, megabytes = 500): StageSample => ({
  ms,
  cpuMs: 2 * ms,
  functions,
  residentBytes: megabytes * 1e6,
});
const sides = (fields: Partial<Sides> = {}): Sides => ({
  equal: [5000, 1000, 2000].map((ms) => sample(ms)),
  varied: [9000, 1100, 2200].map((ms) => sample(ms)),
  ...fields,
});
const result = (fields: Partial<LengthsResult & Sides> = {}): LengthsResult => ({
  model: 'tiny',
  clips: 200,
  views: 2,
  chunkSeconds: 4,
  stages: [{ stage: 'logits', ...sides(fields) }],
  padding: { equal: { rows: 200, silence: 0.25 }, varied: { rows: 210, silence: 0.5 } },
  lengths: 2000,
  passes: 1,
  shards: [400, 520, 510, 515, 512].map((megabytes) => sample(1000, 30, megabytes)),
  ...fields,
});

describe('the lengths bench', () => {
  it('compares rounds with each other, and leaves the first out', () => {
    expect(settledRatio(sides())).toEqual({ wall: 1.1, cpu: 1.1 });
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

  it('misses its goals by the ratio of any stage', () => {
    const slow = sides({ varied: [1, 1200, 2400].map((ms) => sample(ms)) });
    const stages = [
      { stage: 'ingest' as const, ...sides() },
      { stage: 'training' as const, ...slow },
    ];
    expect(isWithinGoals(result({ stages }))).toBe(false);
    expect(lengthsTable(result({ stages }))).toMatch(/training[^]*1\.20 +1\.20, missed/);
  });

  it('lets memory grow while lengths are new, and not when they come again', () => {
    const passes = (megabytes: number[]): LengthsResult =>
      result({ passes: 2, shards: megabytes.map((mb) => sample(1, 30, mb)) });
    const settled = passes([400, 500, 600, 700, 700, 700, 700, 701]);
    expect(isWithinGoals(settled)).toBe(true);
    expect(lengthsTable(settled)).toContain('MB         700 700 700 701');
    expect(isWithinGoals(passes([400, 500, 600, 700, 700, 800, 900, 950]))).toBe(false);
  });

  it('says how much of a training is silence', () => {
    expect(lengthsTable(result())).toContain(
      'one length 200 chunks, 25 % of them silence; varied 210 chunks, 50 % of them silence',
    );
  });

  it('prints both sides, the ratio and every shard', () => {
    const text = lengthsTable(result({ varied: [9000, 1200, 2400].map((ms) => sample(ms)) }));
    expect(text).toMatch(/one length +5\.00 +10\.00 +1\.50 +3\.00 +30/);
    expect(text).toMatch(
      /ratio, median of rounds +1\.20 +1\.20, missed\n {2}goal for the times: 1\.15/,
    );
    expect(text).toContain('MB         400 520 510 515 512');
    expect(text).toContain('grown by 0 functions and 2 MB');
  });
});
