import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { acceptTeacher } from '../../activities/accept-teacher';
import { checkProbe } from '../../activities/check-probe';
import { planCorpus } from '../../activities/plan-corpus';
import { requireClasses } from '../../activities/require-classes';
import { parseVocabularyCsv } from '../../ced/teachers/vocabulary';
import { readPlan } from '../../storage/corpus/plan-manifest';
import { layout } from '../../storage/layout';
import { classListInStore, hashOfClassList } from '../../workflows/contract/teacher-vocabulary';
import { ReferenceTeacher } from '../support/reference-teacher';
import { beats, TeacherScene } from '../support/teacher-scene';

const ignore = (): void => undefined;
let scene: TeacherScene;
beforeEach(async () => {
  scene = await TeacherScene.open();
});
afterEach(() => scene.remove());

describe('a worker that says what its teacher is', () => {
  it('answers the probe clips as before, or is refused under the same version', async () => {
    const probing = async (bias: number, run: string) => {
      const teacher = scene.reference({ bias });
      const { member, probe } = await scene.accepted(teacher, run);
      await teacher.predict(scene.store, probe);
      return await checkProbe(scene.deps, { store: '', teacher: member, probe });
    };
    expect(await probing(0, 'run-1')).toEqual({ largest: null });
    expect(await probing(0, 'run-1')).toEqual({ largest: null });
    expect(await probing(0, 'run-2')).toEqual({ largest: 0 });
    const other = await probing(0.001, 'run-3');
    expect(other.largest).toBeGreaterThan(0);
    await expect(probing(0.1, 'run-4')).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        /^beats answers fixed probe clips otherwise than before under the same version 1: /,
      ) as unknown,
    });
  });

  it('leaves open how many parameters a teacher has that does not tell', async () => {
    for (const [told, kept] of [
      [null, null],
      [5000, 5000],
    ])
      expect(await accepting({ parameters: told })).toMatchObject({ member: { parameters: kept } });
  });

  it('sets a new first probe where the old one is damaged', async () => {
    const teacher = scene.reference();
    const { member, probe } = await scene.accepted(teacher);
    await teacher.predict(scene.store, probe);
    const check = { store: '', teacher: member, probe };
    await checkProbe(scene.deps, check);
    await scene.store.remove(probe.output.data);
    const { probe: next } = await scene.accepted(teacher, 'run-2');
    await teacher.predict(scene.store, next);
    expect(await checkProbe(scene.deps, { ...check, probe: next })).toEqual({ largest: null });
  });

  const description = async (change: object): Promise<unknown> => ({
    ...(await scene.reference().describe(scene.store)),
    ...change,
  });
  const accepting = async (change: object, of: object = {}): Promise<unknown> =>
    await acceptTeacher(scene.deps, {
      ...{
        store: '',
        vocabulary: scene.vocabulary,
        field: 'teachers[2]',
        teacher: beats,
        chunkSeconds: 1,
      },
      ...{ masked: false, workflowRunId: 'run' },
      description: await description(change),
      ...of,
    });
  it.each([
    [
      'another contract',
      { contract: 2 },
      'ContractUnknown',
      /speaks contract 2, this version speaks 1$/,
    ],
    [
      'no weights',
      { weightsSha256: 'none' },
      'TeacherInvalid',
      /answered weightsSha256: expected 64/,
    ],
    [
      'a class list that is nowhere',
      { classes: { key: layout.teacherClasses('0'.repeat(64)), sha256: '0'.repeat(64), count: 3 } },
      'TeacherInvalid',
      /does its worker use the same store\?$/,
    ],
    ['a short window', { longestSeconds: 0.5 }, 'TeacherInvalid', /takes at most 0\.5 s/],
  ])('is refused with %s', async (_, change, code, message) => {
    await expect(accepting(change)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('is refused under masks that it does not apply, unless they are skipped for it', async () => {
    await expect(accepting({}, { masked: true })).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(/^teachers\[2\]\.spectrogramMasks: /) as unknown,
    });
    const skipping = { masked: true, teacher: { ...beats, spectrogramMasks: 'skip' } };
    await expect(accepting({}, skipping)).resolves.toBeDefined();
    await expect(accepting({ masks: true }, { masked: true })).resolves.toBeDefined();
  });

  it('is refused when it lacks a class of the run, unless it may abstain', async () => {
    const classes = scene.reference()['options'].classes.slice(2);
    const lacking = await new ReferenceTeacher({ classes }).describe(scene.store);
    await expect(accepting(lacking)).rejects.toMatchObject({
      message:
        'teachers[2]: teacher beats lacks 1 of 6 classes: Clicks; say "missing": "abstain" ' +
        'for it, or leave them out of corpus.vocabulary',
    });
    await expect(
      accepting(lacking, { teacher: { ...beats, missing: 'abstain' } }),
    ).resolves.toMatchObject({
      member: { missing: 1 },
      notes: ['teachers[2]: abstains from 1 of 6 classes: Clicks'],
    });
  });
});

describe('the classes of a worker', () => {
  const listed = async (classes: readonly { mid: string; name: string }[]) =>
    (await new ReferenceTeacher({ classes }).describe(scene.store)).classes;
  const acceptingList = async (classes: readonly { mid: string; name: string }[]) => {
    const description = await new ReferenceTeacher({ classes }).describe(scene.store);
    const of = {
      store: '',
      vocabulary: scene.vocabulary,
      field: 'teachers[0]',
      teacher: beats,
      chunkSeconds: 1,
    };
    return await acceptTeacher(scene.deps, {
      ...of,
      description,
      masked: false,
      workflowRunId: 'run',
    });
  };
  const own = () => parseVocabularyCsv(readFileSync(join(scene.folder, scene.vocabulary), 'utf8'));

  it.each([
    ['one name twice', [{ mid: '', name: 'Sweep' }], 'name "Sweep" occurs twice, as class 3 and'],
    ['one MID twice', [{ mid: '/t/1', name: 'New' }], 'MID /t/1 occurs twice, as class 1 and'],
    ['a class without a name', [{ mid: '/t/9', name: ' ' }], 'class 6 has no name'],
    ['a name of a page', [{ mid: '', name: 'n'.repeat(513) }], 'class 6 has a name longer than'],
  ])('are refused with %s, naming where', async (_, more, message) => {
    await expect(acceptingList([...own(), ...more])).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        new RegExp(`^teachers\\[0\\]: its class list .*: ${message}`),
      ) as unknown,
    });
  });

  it('may be those of the run', async () => {
    const classes = own().toReversed();
    const list = classListInStore((await listed(classes)).sha256);
    const [description, field] = [await scene.reference().describe(scene.store), 'teachers[0]'];
    const of = { store: '', vocabulary: list, field, teacher: beats, chunkSeconds: 1 };
    const given = { ...of, description, masked: false, workflowRunId: 'run' };
    const { member } = await acceptTeacher(scene.deps, given);
    expect(member.missing).toBeUndefined();
    const corpus = { train: 'train.jsonl', vocabulary: list, clipsPerShard: 8, maxRejected: 0 };
    const plan = await planCorpus(scene.deps, { store: '', corpus, chunkSeconds: 1 }, ignore);
    expect((await readPlan(scene.store, plan.planKey)).vocabulary).toEqual(classes);
    await scene.store.replace(layout.teacherClasses(hashOfClassList(list)!), Buffer.from('[]'));
    const damaged = planCorpus(scene.deps, { store: '', corpus, chunkSeconds: 1 }, ignore);
    await expect(damaged).rejects.toMatchObject({
      code: 'RunFileInvalid',
      message: expect.stringMatching(
        /^corpus\.vocabulary: .* does not hash to its name/,
      ) as unknown,
    });
  });

  it('have to cover those of the run, with those of its fellow teachers', async () => {
    const abstaining = async (classes: readonly { mid: string; name: string }[], name: string) => {
      const description = await new ReferenceTeacher({ classes }).describe(scene.store);
      const teacher = { ...beats, missing: 'abstain' as const, name };
      const of = { store: '', vocabulary: scene.vocabulary, field: name, teacher, chunkSeconds: 1 };
      const given = { ...of, description, masked: false, workflowRunId: 'run' };
      return (await acceptTeacher(scene.deps, given)).member;
    };
    const [low, high] = [own().slice(0, 3), own().slice(3)];
    const covering = [await abstaining(low, 'low'), await abstaining(high, 'high')];
    await expect(
      requireClasses(scene.deps, { store: '', vocabulary: scene.vocabulary, ensemble: covering }),
    ).resolves.toBeNull();
    const lacking = [covering[0]!, await abstaining(high.slice(1), 'higher')];
    await expect(
      requireClasses(scene.deps, { store: '', vocabulary: scene.vocabulary, ensemble: lacking }),
    ).rejects.toMatchObject({
      code: 'TeacherInvalid',
      message: expect.stringMatching(
        /^teachers: no teacher knows 1 of 6 classes: Sweep; add a teacher that does/,
      ) as unknown,
    });
  });
});
