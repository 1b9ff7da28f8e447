import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dotPlot } from '../../../tools/study/plot';
import { describePlan } from '../../../tools/study/plan-text';
import { minutesOfRuns, plannedQuestion, planStudy } from '../../../tools/study/plan';
import { differenceError } from '../../../tools/study/clip-error';
import {
  clipsFor,
  decidingLook,
  lookFor,
  seedsFor,
  stepsToReach,
} from '../../../tools/study/power';
import { plottedScores } from '../../../tools/study/published-scores';
import { questions } from '../../../tools/study/questions';
import { repositoryRoot } from '../../../infra/toolchain';

const all = questions('teachers');
const consistent = all.find(({ id }) => id === 'consistent')!;

describe('how many seeds decide', () => {
  it('agrees with tables of the paired t-test', () => {
    // Effect sizes 1 and 0.5 with 80 % at 5 %: 10 and 34 pairs (Cohen; G*Power).
    expect(seedsFor(0.01, 0.01)).toBe(10);
    expect(seedsFor(0.02, 0.01)).toBe(34);
  });

  it('takes more seeds when looks are taken before', () => {
    expect(lookFor(0.01, 0.01)).toBe(20);
    expect(lookFor(0.001, 0.01)).toBe(3);
    expect(lookFor(0.1, 0.01)).toBeNull();
  });

  it('takes the look that leaves out 0, or that stays within 0.005', () => {
    expect(decidingLook({ mean: 0.05, deviation: 0.005 })).toBe(3);
    expect(decidingLook({ mean: 0, deviation: 0.005 })).toBe(12);
    expect(decidingLook({ mean: 0.0025, deviation: 0.02 })).toBeNull();
  });

  it('takes four times the clips for half the error', () => {
    expect(clipsFor({ deviation: 0.01, clips: 800 })).toBe(3200);
    expect(clipsFor({ deviation: 0.005, clips: 800 })).toBe(800);
  });

  it('extends the gap to the ensemble as a power of the steps', () => {
    // 0.2 after 100 steps and 0.1 after 200: 1 / steps, so 0.02 after 1,000.
    const reached = [
      { steps: 100, mAP: 0.2 },
      { steps: 200, mAP: 0.3 },
    ] as const;
    expect(stepsToReach(0.95, 0.4, reached)).toBe(1000);
    expect(stepsToReach(0.7, 0.4, reached)).toBe(200);
    expect(stepsToReach(0.95, 0.4, [reached[1], { steps: 400, mAP: 0.3 }])).toBeNull();
  });
});

describe('the sampling error of evaluation', () => {
  it('vanishes where both students give the same scores, and not where they differ', () => {
    const clips = 60;
    const labels = Uint8Array.from({ length: clips * 2 }, (_, at) =>
      Math.floor(at / 2) % 3 === at % 2 ? 1 : 0,
    );
    const one = Float32Array.from(labels, (label, at) => label * 0.3 + Math.sin(at * 7.3) * 0.5);
    const other = Float32Array.from(labels, (label, at) => label * 0.3 + Math.sin(at * 3.1) * 0.5);
    expect(differenceError([one, one], labels, 2)).toBe(0);
    expect(differenceError([one, other], labels, 2)).toBeGreaterThan(0.01);
  });
});

describe('the plan of the study', () => {
  it('reads back the scores that a plot shows', () => {
    const rows = [
      { label: 'one <b>', values: [0.3012, 0.3456] },
      { label: 'two', values: [0.25] },
    ];
    const read = plottedScores(dotPlot(rows, 'eval mAP', { value: 0.36, label: 'ensemble' }));
    expect([...read.keys()]).toEqual(['one <b>', 'two']);
    for (const { label, values } of rows)
      values.forEach((value, at) => expect(read.get(label)![at]).toBeCloseTo(value, 3));
  });

  it('counts an arm of several questions once', () => {
    const pairs = [[0.3, 0.29] as const, [0.31, 0.302] as const];
    const planned = plannedQuestion(consistent, [pairs], [null], () => 5);
    expect(planned.comparisons[0]).toMatchObject({
      deviation: expect.closeTo(0.0014, 3) as number,
    });
    const { seeds } = planned.runs[0]!;
    expect(seeds).toBeGreaterThan(0);
    expect(minutesOfRuns([planned, planned])).toBe(minutesOfRuns([planned]));
    expect(minutesOfRuns([planned])).toBe(10 * seeds);
  });

  it('is made from docs/ where the store has no results: seeds, steps and hours', async () => {
    const root = mkdtempSync(join(tmpdir(), 'ced-study-plan-'));
    symlinkSync(join(repositoryRoot, 'docs'), join(root, 'docs'));
    const plan = await planStudy(root, all, [1, 2, 3]);
    rmSync(root, { recursive: true });
    const text = describePlan(plan, 2);
    for (const { id, title } of all) expect(text).toContain(`${id}: ${title}`);
    expect(text).toMatch(/inconsistent +\d+ +-?0\.\d{4} +0\.\d{4}/);
    expect(text).toContain('consistent: Consistent against inconsistent teaching: agrees');
    expect(text).toMatch(/inconsistent .* higher ±0\.018$/m);
    expect(text).toMatch(/from-brio .* noise ±0\.047$/m);
    expect(text).toMatch(/All of it, each run once: .* (min|h) on 2 at a time/);
    const prose = text.replace(/\s+/g, ' ');
    expect(prose).toMatch(/Steps: the base reaches \d+ % of its ensemble in 1504 steps/);
    expect(text.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });
});
