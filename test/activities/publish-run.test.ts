import { dirname } from 'node:path';
import { publishRun } from '../../activities/publish-run';
import { layout } from '../../storage/layout';
import type { FolderStore } from '../../storage/folder-store';
import type { Store } from '../../storage/store';
import { latestPage, TO_STORE } from '../../report/run-links';
import { handmadeRun } from '../report/handmade-run';

const text = async (store: FolderStore, key: string): Promise<string> =>
  Buffer.from((await store.read(key)) ?? []).toString();
const FILES = ['result.json', 'report.html', 'rejected.jsonl'];
const keysOf = (run: string) => FILES.map((file) => layout.runFile('handmade', run, file));

/** A store whose writes fail from the given one on: even numbers before it, odd ones after it. */
function losing(store: FolderStore, lostAt: number): Store {
  let moment = 0;
  const moments = ['create', 'replace'];
  return new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name, target);
      if (typeof own !== 'function') return own;
      const bound = own.bind(target) as (...args: unknown[]) => unknown;
      if (!moments.includes(String(name))) return bound;
      return async (...args: unknown[]) => {
        if (moment++ >= lostAt) throw new Error('lost');
        const result = await bound(...args);
        if (moment++ >= lostAt) throw new Error('lost');
        return result;
      };
    },
  });
}

describe('publishing a distillation', () => {
  it('scores teachers, weighted ensemble and students by hand-computed averages', async () => {
    const { deps, input } = await handmadeRun();
    const result = await publishRun(deps, input);
    const wrong = (5 / 6 + 1 / 2 + 1) / 3;
    expect(result.teachers.map(({ name, mAP }) => [name, mAP])).toEqual([
      ['right', 1],
      ['wrong', expect.closeTo(wrong, 12)],
    ]);
    expect(result.ensemble.mAP).toBeCloseTo(wrong, 12);
    expect(result.students).toEqual([
      expect.objectContaining({
        name: 'mini',
        mAP: expect.closeTo(wrong, 12),
        checkpoint: `models/${input.students[0]?.sha256}`,
        bitExact: true,
      }),
    ]);
    expect(result.teacherAgreement).toEqual([
      {
        between: ['right', 'wrong'],
        topMatch: expect.any(Number),
        meanDifference: expect.any(Number),
      },
    ]);
    expect(result.students[0]?.agreement?.topMatch).toBe(0.75);
    expect(result.students[0]?.agreement?.divergence).toBeGreaterThan(0);
    expect(result).toMatchObject({
      formatVersion: 1,
      run: 'handmade',
      workflowId: 'my-run',
      logits: input.logits,
      rejected: 2,
      stages: input.stages,
    });
  });

  it('writes the result, the report and the rejected clips, and the latest copies', async () => {
    const { store, deps, input } = await handmadeRun();
    const result = await publishRun(deps, input);
    expect(
      JSON.parse(await text(store, layout.runFile('handmade', 'first', 'result.json'))),
    ).toEqual(result);
    expect(await text(store, layout.latest('handmade', 'result.json'))).toBe(
      await text(store, layout.runFile('handmade', 'first', 'result.json')),
    );
    const report = await text(store, layout.latest('handmade', 'report.html'));
    expect(report).toBe(await text(store, layout.runFile('handmade', 'first', 'report.html')));
    expect(report).toContain('Teachers with each other');
    expect(report).toContain('&#60;b&#62;torn&#60;/b&#62;');
    expect(await text(store, layout.runFile('handmade', 'first', 'rejected.jsonl'))).toBe(
      '{"split":"train","clip":"<b>torn</b>","reason":"damaged: frame ' +
        '3"}\n{"split":"train","clip":"gone","reason":"no such file: gone.wav"}\n',
    );
  });

  it('leads from both copies of the report to those of the runs that it found work of', () => {
    const [own, latest] = [TO_STORE, latestPage(`<a href="${TO_STORE}runs/a/b/report.html">`)];
    const from = (key: string): string => `https://store/${dirname(key)}/`;
    const report = 'https://store/runs/a/b/report.html';
    const ownPlace = layout.runFile('handmade', 'first', 'report.html');
    expect(new URL(`${own}runs/a/b/report.html`, from(ownPlace)).href).toBe(report);
    const [, link = ''] = /href="([^"]*)"/.exec(latest) ?? [];
    const latestPlace = layout.latest('handmade', 'report.html');
    expect(new URL(link, from(latestPlace)).href).toBe(report);
  });

  it('leads from the name of a student to its model', async () => {
    const { store, deps, input } = await handmadeRun();
    await publishRun(deps, input);
    const page = await text(store, layout.studentPage('handmade', 'mini'));
    const model = `models/${input.students[0]?.sha256}`;
    expect(page).toContain(`[${model}](../../../../${model}/README.md)`);
    expect(page).toContain('--model STORE/runs/handmade/students/mini');
    const next = input.students.map((student) => ({ ...student, sha256: 'f'.repeat(64) }));
    await expect(
      publishRun(deps, { ...input, workflowRunId: 'second', students: next }),
    ).rejects.toThrow();
    expect(await text(store, layout.studentPage('handmade', 'mini'))).toBe(page);
  });

  it('writes the same bytes wherever and whenever it runs', async () => {
    const [one, other] = [await handmadeRun(), await handmadeRun()];
    await publishRun(one.deps, one.input);
    await publishRun(other.deps, other.input);
    for (const key of keysOf('first'))
      expect(await text(one.store, key)).toBe(await text(other.store, key));
  });

  it('meets its own files when the reply was lost', async () => {
    const { store, deps, input } = await handmadeRun();
    const result = await publishRun(deps, input);
    const before = await Promise.all(keysOf('first').map((key) => text(store, key)));
    await store.remove(layout.latest('handmade', 'result.json'));
    expect(await publishRun(deps, { ...input, stages: [] })).toEqual(result);
    expect(await Promise.all(keysOf('first').map((key) => text(store, key)))).toEqual(before);
    expect(await text(store, layout.latest('handmade', 'result.json'))).toBe(before[0]);
  });

  it('ends with the same files when it was lost before or after any of its writes', async () => {
    const undisturbed = await handmadeRun();
    const before = new Set(await undisturbed.store.list(''));
    await publishRun(undisturbed.deps, undisturbed.input);
    const written = (await undisturbed.store.list('')).filter((key) => !before.has(key));
    expect(written.length).toBeGreaterThan(6);
    for (let lostAt = 0; lostAt < 2 * written.length; lostAt++) {
      const { store, deps, input } = await handmadeRun();
      const openStore = (): Store => losing(store, lostAt);
      await expect(publishRun({ ...deps, openStore }, input)).rejects.toThrow('lost');
      await publishRun(deps, input);
      expect(await store.list('')).toEqual(await undisturbed.store.list(''));
      for (const key of written)
        expect(await text(store, key)).toBe(await text(undisturbed.store, key));
    }
  });

  it('adopts the report of an attempt that died before its result', async () => {
    const { store, deps, input } = await handmadeRun();
    await store.create(
      layout.runFile('handmade', 'first', 'report.html'),
      Buffer.from('by an older version'),
    );
    expect((await publishRun(deps, input)).run).toBe('handmade');
    expect(await text(store, layout.latest('handmade', 'report.html'))).toBe('by an older version');
  });

  it('keeps the first run when the second replaces the latest copies', async () => {
    const { store, deps, input } = await handmadeRun();
    await publishRun(deps, input);
    const first = await text(store, layout.runFile('handmade', 'first', 'result.json'));
    await publishRun(deps, { ...input, workflowRunId: 'second', stages: [] });
    expect(await text(store, layout.runFile('handmade', 'first', 'result.json'))).toBe(first);
    expect(JSON.parse(await text(store, layout.latest('handmade', 'result.json')))).toMatchObject({
      stages: [],
    });
  });

  it('names a model that was not scored', async () => {
    const { deps, input } = await handmadeRun();
    const students = input.students.map((student) => ({ ...student, sha256: 'f'.repeat(64) }));
    await expect(publishRun(deps, { ...input, students })).rejects.toThrow(
      /^mini has no scores on corpus [0-9a-f]{64}; start the run again, it is scored anew$/,
    );
  });
});

describe('publishing without labels or without eval', () => {
  it('reports agreement instead of mAP on unlabelled clips', async () => {
    const { deps, input } = await handmadeRun({ labelled: false });
    const result = await publishRun(deps, input);
    expect([
      result.ensemble.mAP,
      ...result.teachers.map(({ mAP }) => mAP),
      result.students[0]?.mAP,
    ]).toEqual([null, null, null, null]);
    expect(result.students[0]?.agreement?.topMatch).toBe(0.75);
  });

  it('has neither without an eval split', async () => {
    const { deps, input } = await handmadeRun({ splits: [] });
    const result = await publishRun(deps, input);
    expect(result.students[0]).toMatchObject({ mAP: null, agreement: null });
    expect(result.ensemble).toEqual({ mAP: null });
  });
});

describe('publishing trained teachers', () => {
  it('lists them as trained models, with no ensemble to agree with', async () => {
    const { store, deps, input } = await handmadeRun();
    const result = await publishRun(deps, { ...input, kind: 'teach', ensemble: [], logits: null });
    expect(result).toMatchObject({ ensemble: { mAP: null }, logits: null });
    const { agreement: _, ...trained } = result.students[0]!;
    expect(result.teachers).toEqual([trained]);
    expect(result.students[0]).toMatchObject({
      name: 'mini',
      mAP: expect.closeTo(7 / 9, 12),
      agreement: null,
    });
    expect(await text(store, layout.latest('handmade', 'report.html'))).toContain(
      'Teachers from labels',
    );
  });
});
