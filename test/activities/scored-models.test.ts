import { readScoredModels } from '../../activities/publish/scored-models';
import { evaluateRun } from '../../activities/publish/run-evaluation';
import { MODEL_PRESETS } from '../../ced/model/config';
import { corpusContent } from '../../storage/corpus/corpus-content';
import { layout } from '../../storage/layout';
import { encodeJson } from '../../storage/store';
import type { ScoredModel } from '../../report/scored-model';
import type { RunResult } from '../../workflows/contract/activities';
import { handmadeRun, PLAN, type HandmadeRun } from '../report/handmade-run';

const nothing = (): Promise<void> => Promise.resolve();
const latency = { milliseconds: 8, audioSeconds: 4, processor: 'a processor' };

describe('the models of a store that were scored on a run’s eval clips', () => {
  let run: HandmadeRun;
  beforeEach(async () => (run = await handmadeRun()));

  const scored = async (): Promise<ScoredModel[]> => {
    const { store, input } = run;
    return await readScoredModels(
      store,
      input,
      await evaluateRun(store, PLAN, 'eval', input),
      nothing,
    );
  };

  /** As another run leaves it. */
  async function addModel(
    sha256: string,
    mAP: number | null,
    split: 'eval' | 'validation' = 'eval',
  ) {
    const { store } = run;
    const scores = { formatVersion: 1, mAP, clips: 4, classes: 3, seconds: 1, latency };
    const content = await corpusContent(store, PLAN, split);
    await store.create(layout.scoresManifest(sha256, content), encodeJson(scores));
    await store.create(layout.modelConfig(sha256), encodeJson(MODEL_PRESETS.tiny));
  }

  async function addResult(name: string, sha256: string, logits: RunResult['logits']) {
    const student = {
      ...{ name: 'small', parameters: 1, mAP: null, agreement: null },
      latency: { ...latency, milliseconds: 4, realTimeFactor: 0.001 },
    };
    await run.store.replace(
      layout.latest(name, 'result.json'),
      encodeJson({
        ...{ formatVersion: 1, run: name, workflowId: name, teachers: [], ensemble: { mAP: null } },
        students: [{ ...student, checkpoint: `models/${sha256}`, sha256, bitExact: true }],
        ...{ logits, rejected: 0, stages: [] },
      }),
    );
  }

  const others = async () =>
    (await scored()).flatMap(({ isOwn, name, kind }) => (isOwn ? [] : [[name, kind]]));

  it('are its teachers and students, with the mAP of the report', async () => {
    const [right, wrong, student] = await scored();
    expect([right?.kind, right?.mAP, student?.kind]).toEqual(['teacher', 1, 'student']);
    expect(student?.mAP).toBeCloseTo(wrong!.mAP!, 12);
    // No configuration of theirs is in the store.
    expect(student).toMatchObject({ parameters: 1000, weights: { float32: 4000, int8: null } });
  });

  it('are those of other runs too, under the names of these and the best first', async () => {
    await addModel('3'.repeat(64), 0.4);
    await addModel('4'.repeat(64), 0.5);
    await addModel('5'.repeat(64), 0.3);
    await addResult('labels', '3'.repeat(64), null);
    await addResult('before', '4'.repeat(64), run.input.logits);
    expect(await others()).toEqual([
      ['before/small', 'student'],
      ['labels/small', 'labels'],
      ['model 55555555', 'other'],
    ]);
    const [best, , last] = (await scored()).filter(({ isOwn }) => !isOwn);
    // The time beside the models of its run; the other only with its scores, by an earlier version.
    expect(best?.latency?.milliseconds).toBe(4);
    expect(last).toMatchObject({
      ...{ mAP: 0.3, parameters: 5_503_183, latency },
      weights: { float32: 4 * (5_503_183 + 128) },
    });
  });

  it('are not those scored on other clips, or on clips without labels', async () => {
    await addModel('3'.repeat(64), 0.4, 'validation');
    await addModel('4'.repeat(64), null);
    expect(await others()).toEqual([]);
  });

  it('are told without what of other runs is damaged', async () => {
    await addModel('3'.repeat(64), 0.4);
    await addModel('4'.repeat(64), 0.5);
    const content = await corpusContent(run.store, PLAN, 'eval');
    await run.store.replace(layout.scoresManifest('4'.repeat(64), content), Buffer.from('{'));
    await run.store.replace(layout.latest('torn', 'result.json'), Buffer.from('{'));
    expect(await others()).toEqual([['model 33333333', 'other']]);
  });

  it('of a run without eval are its own, unscored', async () => {
    run = await handmadeRun({ splits: ['validation'] });
    expect((await scored()).map(({ name, mAP }) => [name, mAP])).toEqual([
      ['right', null],
      ['wrong', null],
      ['mini', null],
    ]);
  });
});
