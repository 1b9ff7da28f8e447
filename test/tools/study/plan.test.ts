import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dotPlot } from '../../../tools/study/plot';
import { describePlan } from '../../../tools/study/plan-text';
import { plannedQuestion, planStudy } from '../../../tools/study/plan';
import { armOperations, evaluationClips, measuredSpeed } from '../../../tools/study/arm-cost';
import { minutesOfRuns, neededRuns } from '../../../tools/study/missing-runs';
import { differenceError } from '../../../tools/study/clip-error';
import {
  clipsFor,
  decidingLook,
  lookFor,
  seedsFor,
  stepsToReach,
} from '../../../tools/study/power';
import { plottedScores } from '../../../tools/study/published-scores';
import type { Question } from '../../../tools/study/experiment';
import { questions } from '../../../tools/study/questions';
import { repositoryRoot } from '../../../infra/toolchain';

const all = questions('teachers');
const question = (id: string): Question => all.find((each) => each.id === id)!;
const consistent = question('consistent');

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
  it('vanishes where both students give the same scores, and not where they differ', async () => {
    const clips = 60;
    const labels = Uint8Array.from({ length: clips * 2 }, (_, at) =>
      Math.floor(at / 2) % 3 === at % 2 ? 1 : 0,
    );
    const one = Float32Array.from(labels, (label, at) => label * 0.3 + Math.sin(at * 7.3) * 0.5);
    const other = Float32Array.from(labels, (label, at) => label * 0.3 + Math.sin(at * 3.1) * 0.5);
    expect(await differenceError([one, one], labels, 2)).toBe(0);
    expect(await differenceError([one, other], labels, 2)).toBeGreaterThan(0.01);
  });
});

describe('the cost of a run that was never run', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'ced-study-cost-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  it('is that of its operations, at the speed of the runs that were', () => {
    const { reference: base } = consistent;
    const { reference: long } = question('ensemble-long');
    const speed = measuredSpeed(root, [base, long], ({ id }) => (id === 'base' ? 5 : null));
    expect(armOperations(root, base)! / speed).toBeCloseTo(5);
    // 40 epochs in place of 16.
    expect(armOperations(root, long)! / speed).toBeCloseTo(12.5);
  });

  it('without any that was is that of a stated speed', () => {
    expect(measuredSpeed(root, [consistent.reference], () => null)).toBeGreaterThan(0);
  });

  it('counts the clips of its own tables: of their files, or of the recipe that makes them', () => {
    const { reference: real } = question('real-labels');
    expect(evaluationClips(root, real)).toBe(1000);
    expect(evaluationClips(root, consistent.reference)).toBe(800);
    expect(evaluationClips(root, question('foreign').reference)).toBe(800);
    mkdirSync(join(root, 'data/game-sounds'), { recursive: true });
    writeFileSync(join(root, 'data/game-sounds/eval.jsonl'), '{}\n{}\n{}\n');
    expect(evaluationClips(root, real)).toBe(3);
  });

  it('is known of every arm of the study', () => {
    const arms = all.flatMap(({ reference, comparisons }) => [
      reference,
      ...comparisons.map(({ arm }) => arm),
    ]);
    for (const arm of arms) {
      expect(armOperations(root, arm)).toBeGreaterThan(0);
      expect(evaluationClips(root, arm)).toBeGreaterThan(0);
    }
  });

  it('includes the teachers that it needs, once, while they are not trained', () => {
    const { reference, comparisons } = question('real-ensemble');
    const runs = [reference, ...comparisons.map(({ arm }) => arm)].map((arm) => ({
      ...{ arm, seeds: 3, minutes: 20 },
    }));
    const needed = (isTrained: boolean) =>
      neededRuns(
        runs,
        () => isTrained,
        () => 60,
      );
    expect(needed(false).map(({ arm, seeds }) => [arm.id, seeds])).toEqual([['real-teachers', 1]]);
    expect(needed(true)).toEqual([]);
    expect(minutesOfRuns([{ runs: [...needed(false), ...runs] }])).toBe(60 + 4 * 3 * 20);
  });

  it('is not known, rather than nothing, where that of one run is not', () => {
    const { reference } = consistent;
    expect(minutesOfRuns([{ runs: [{ arm: reference, seeds: 2, minutes: null }] }])).toBeNull();
    expect(minutesOfRuns([{ runs: [{ arm: reference, seeds: 0, minutes: null }] }])).toBe(0);
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
    expect(text).toMatch(/All of it, each run once: .* (min|h) of training on 2 at a time/);
    const left = text.match(/^ {2}[1-9][\d.]* (min|h) of training on 2 at a time; /gm) ?? [];
    const decided = text.match(/^ {2}nothing is left to train; /gm) ?? [];
    expect(left.length + decided.length).toBe(all.length);
    expect(text.match(/; (800|1,000) evaluation clips$/gm)).toHaveLength(all.length);
    expect(text.split('real-labels: ')[1]).toMatch(/^.*: not run yet\n.*\n.*\n.*; 1,000 eval/);
    const prose = text.replace(/\s+/g, ' ');
    expect(prose).toMatch(/Steps: the base reaches \d+ % of its ensemble in 1504 steps/);
    expect(text.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });
});
