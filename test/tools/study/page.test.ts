import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { armRun, order, resultOf, takeReady } from '../../../tools/study/arm-run';
import { STORE } from '../../../tools/study/base-run';
import { dotPlot } from '../../../tools/study/plot';
import { publish } from '../../../tools/study/publish';
import { questions } from '../../../tools/study/questions';
import type { Arm } from '../../../tools/study/experiment';
import type { RunResult } from '../../../workflows/contract/activities';
import { distillRunSchema, teachRunSchema } from '../../../workflows/contract/run-file';
import { parseRun } from '../../../workflows/contract/parse-run';
import { trainedModel } from '../../report/sample-report';
import { sampleResult } from '../../support/sample-records';

const all = questions('teachers');
const consistent = all.find(({ id }) => id === 'consistent')!;
const peerResult = {
  students: ['alto', 'brio', 'coda'].map((name) => ({ name, sha256: 'a'.repeat(64) })),
};
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ced-study-'));
  mkdirSync(join(root, 'data/instruments'), { recursive: true });
  writeFileSync(join(root, 'data/instruments/eval.jsonl'), '{}\n{}\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function finish(arm: Arm, seed: number, mAP: number | null, sha256 = 'b'.repeat(64)): void {
  const made = armRun(root, arm, seed)!;
  const path = join(root, STORE, 'runs', made.name, 'result.json');
  mkdirSync(dirname(path), { recursive: true });
  const student = {
    name: 'student',
    parameters: 340_000,
    mAP,
    agreement: { divergence: 0.01, topMatch: 0.5 },
    sha256,
    checkpoint: `models/${sha256}`,
    bitExact: true,
  };
  const result: RunResult = {
    ...sampleResult('c'.repeat(64)),
    teachers: [{ name: 'alto', parameters: 650_000, mAP: 0.326 }],
    ensemble: { mAP: 0.361 },
    students: [student],
    logits: null,
  };
  writeFileSync(path, JSON.stringify(result));
}

function train(sha256: string, { seconds, attempts }: { seconds: number; attempts: number }): void {
  const folder = join(root, STORE, 'training', `key-of-${sha256}`);
  mkdirSync(join(folder, 'attempts'), { recursive: true });
  for (let attempt = 0; attempt < attempts; attempt++)
    writeFileSync(join(folder, `attempts/${attempt}.json`), '{}');
  writeFileSync(
    join(folder, 'manifest.json'),
    JSON.stringify(trainedModel('student', 340_000, { sha256, seconds })),
  );
}

describe('the study’s runs', () => {
  it('are valid run files', () => {
    const problems = all.flatMap(({ reference, comparisons }) =>
      [reference, ...comparisons.map(({ arm }) => arm)].flatMap((arm) => {
        const { type, run } = arm.make(1, peerResult as never);
        const parsed = parseRun(type === 'distill' ? distillRunSchema : teachRunSchema, {
          name: 'x',
          ...run,
        });
        return 'problems' in parsed ? parsed.problems : [];
      }),
    );
    expect(problems).toEqual([]);
  });

  it('have names that change with their content, and with nothing else', () => {
    const { reference } = consistent;
    expect(armRun(root, reference, 1)!.name).toBe(armRun(root, reference, 1)!.name);
    const other: Arm = { ...reference, make: (seed) => ({ ...reference.make(seed + 1, null) }) };
    expect(armRun(root, other, 1)!.name).not.toBe(armRun(root, reference, 1)!.name);
  });

  it('wait for the teacher that they need', () => {
    const ensemble = all.find(({ id }) => id === 'ensemble')!;
    const fromPeer = ensemble.comparisons.at(-1)!.arm;
    expect(armRun(root, fromPeer, 1)).toBeNull();
    finish(fromPeer.needs!, 1, 0.3);
    expect(JSON.stringify(armRun(root, fromPeer, 2)!.run)).toContain(`models/${'b'.repeat(64)}`);
    expect(order([ensemble], [1]).map(({ arm }) => arm.id)).toEqual([
      'base',
      'from-alto',
      'from-brio',
      'from-coda',
      'peer',
      'from-peer',
    ]);
  });

  it('train the teachers of the real recordings once, before what needs them', () => {
    const [ensemble] = all.filter(({ id }) => id === 'real-ensemble');
    const { reference } = ensemble!;
    expect(armRun(root, reference, 1)).toBeNull();
    finish(reference.needs!, 1, 0.3);
    expect(order([ensemble!], [1, 2]).map(({ arm, seed }) => `${arm.id} ${seed}`)).toEqual([
      'real-teachers 1',
      ...['real', 'real-alto', 'real-brio', 'real-coda'].flatMap((id) => [`${id} 1`, `${id} 2`]),
    ]);
  });

  it('skip a run whose teacher another lane still trains, and return to it', () => {
    const { needs, ...rest } = all.find(({ id }) => id === 'ensemble')!.comparisons.at(-1)!.arm;
    const pending = [
      { arm: { ...rest, needs: needs! }, seed: 1 },
      { arm: consistent.reference, seed: 1 },
    ];
    expect(takeReady(root, pending)?.arm.id).toBe('base');
    expect(takeReady(root, pending)).toBeNull();
    finish(needs!, 1, 0.3);
    expect(takeReady(root, pending)?.arm.id).toBe('from-peer');
    expect(pending).toEqual([]);
  });

  it('are not repeated once their result exists', () => {
    const { reference } = consistent;
    expect(resultOf(root, reference, 1)).toBeNull();
    finish(reference, 1, 0.3);
    expect(resultOf(root, reference, 1)).toMatchObject({ ensemble: { mAP: 0.361 } });
  });
});

describe('the results page', () => {
  it('calls a question without an expectation of the paper measured', async () => {
    const { reference, comparisons } = all.find(({ id }) => id === 'settings')!;
    for (const [seed, mAP] of [0.3, 0.31].entries())
      for (const arm of [reference, comparisons[0]!.arm]) finish(arm, seed + 1, mAP);
    await publish({ root, seeds: [1, 2], questions: all, leftOut: [] });
    expect(readFileSync(join(root, 'docs/results.md'), 'utf8')).toMatch(
      /What else a short training turns on.*\*\*measured\*\*/,
    );
  });

  it('states means, spreads, differences and findings, and which runs are missing', async () => {
    const { reference, comparisons } = consistent;
    [0.3, 0.31, 0.32].forEach((mAP, index) => finish(reference, index + 1, mAP));
    [0.28, 0.29, 0.301].forEach((mAP, index) => finish(comparisons[0]!.arm, index + 1, mAP));
    await publish({ root, seeds: [1, 2, 3], questions: all, leftOut: ['something (a reason)'] });
    const page = readFileSync(join(root, 'docs/results.md'), 'utf8');
    expect(page).toContain('| 0.34 M | 0.310 ± 0.010 (3) | (reference) |');
    expect(page).toMatch(/\| 0\.290 ± 0\.01\d \(3\) \| \+0\.020 ± 0\.00\d \| higher \|/);
    expect(page).toMatch(/Consistent against inconsistent teaching.*\*\*agrees\*\*/);
    expect(page).toMatch(/More audio without labels.*\*\*not run yet\*\*/);
    expect(page).toMatch(/What else a short training turns on.*\*\*not run yet\*\*/);
    expect(page).toContain('something (a reason)');
    expect(
      JSON.parse(readFileSync(join(root, 'docs/results/run-files/inconsistent.json'), 'utf8')),
    ).toMatchObject({
      students: [{ consistent: false }],
    });
  });

  it('counts the minutes of uninterrupted trainings', async () => {
    const { reference } = consistent;
    ['alone', 'interrupted', 'alone-too'].forEach((sha256, index) =>
      finish(reference, index + 1, 0.3, sha256),
    );
    train('alone', { seconds: 120, attempts: 1 });
    train('interrupted', { seconds: 7, attempts: 2 });
    train('alone-too', { seconds: 240, attempts: 1 });
    await publish({ root, seeds: [1, 2, 3], questions: all, leftOut: [] });
    expect(readFileSync(join(root, 'docs/results.md'), 'utf8')).toContain(
      '| 0.34 M | 0.300 ± 0.000 (3) | (reference) |  | 3.0 |',
    );
  });

  it('comments on a claim that is not confirmed', async () => {
    const { reference, comparisons, otherwise } = consistent;
    [0.28, 0.29, 0.3].forEach((mAP, index) => finish(reference, index + 1, mAP));
    [0.3, 0.31, 0.32].forEach((mAP, index) => finish(comparisons[0]!.arm, index + 1, mAP));
    await publish({ root, seeds: [1, 2, 3], questions: all, leftOut: [] });
    const page = readFileSync(join(root, 'docs/results.md'), 'utf8');
    expect(page.replace(/\s+/g, ' ')).toContain(`**Here: disagrees.** ${otherwise}`);
    const prose = page.split('\n').filter((line) => !/^[|!]/.test(line));
    expect(prose.filter((line) => line.length > 100)).toEqual([]);
  });

  it('keeps the section of a question that another store has answered', async () => {
    const { reference, comparisons } = consistent;
    const path = join(root, 'docs/results.md');
    const pageOf = async (): Promise<string> => {
      await publish({ root, seeds: [1, 2, 3], questions: all, leftOut: [] });
      return readFileSync(path, 'utf8');
    };
    for (const [index, mAP] of [0.3, 0.31, 0.32].entries())
      for (const arm of [reference, comparisons[0]!.arm]) finish(arm, index + 1, mAP);
    const sectionOf = (page: string): string | undefined =>
      page.split(/^(?=## )/m).find((each) => each.startsWith(`## ${consistent.title}\n`));
    const before = sectionOf(await pageOf());
    rmSync(join(root, STORE), { recursive: true });
    const other = all.find(({ id }) => id === 'demo-consistent')!;
    finish(other.reference, 1, 0.4);
    finish(other.comparisons[0]!.arm, 1, 0.3);
    const after = await pageOf();
    expect(sectionOf(after)).toBe(before);
    expect(after.replace(/\s+/g, ' ')).toContain('1 of the');
    expect(after).toMatch(/Consistent against inconsistent teaching\].*\*\*smaller than/);
    expect(after).toContain('| 0.34 M | 0.400 (1) | (reference) |');
    // Its own results replace it.
    for (const arm of [reference, comparisons[0]!.arm]) finish(arm, 1, 0.25);
    expect(sectionOf(await pageOf())).toContain('| 0.34 M | 0.250 (1) | (reference) |');
  });

  it('plots every seed inside the picture', () => {
    const svg = dotPlot(
      [
        { label: 'one <b>', values: [0.3, 0.31] },
        { label: 'two', values: [0.25] },
      ],
      'eval mAP',
      { value: 0.36, label: 'ensemble' },
    );
    const xs = [...svg.matchAll(/<circle cx="([\d.]+)"/g)].map((match) => Number(match[1]));
    expect(xs).toHaveLength(3);
    expect(xs.every((x) => x >= 300 && x <= 760)).toBe(true);
    expect(svg).toContain('one &lt;b>');
  });
});
