import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineStopped } from '../../jobs/engine-jobs';
import type { JobContext } from '../../jobs/job-context';
import { scoreJob } from '../../jobs/score/score-job';
import { localDependencies } from '../../activities/local-dependencies';
import { importModels } from '../../activities/import-models';
import { teacherSchema } from '../../workflows/contract/run-file-sections';
import { ingestCorpus, jobContextOn, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

describe('a model that is scored', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ced-score-'));
  const store = storeBelow(folder);
  let score: (context?: JobContext) => ReturnType<typeof scoreJob>;

  beforeAll(async () => {
    const deps = localDependencies(folder, store);
    const { train, validation, vocabulary } = writeToneCorpus(folder, {
      train: 2,
      validation: 6,
      eval: 0,
    });
    const corpus = { train, validation, vocabulary, clipsPerShard: 6, maxRejected: 0 };
    const planKey = await ingestCorpus(deps, corpus);
    const teacher = teacherSchema.parse(writeUntrainedTeacher(folder, vocabulary, 1));
    const { teachers } = await importModels(deps, {
      store: '',
      vocabulary,
      teachers: [teacher],
      inits: [],
    });
    const [model] = teachers;
    score = (context = jobContextOn(store)) =>
      scoreJob(context, {
        store: '',
        planKey,
        split: 'validation',
        model: model!,
        chunkSeconds: 1,
        precision: 'float32',
      });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['before its model is loaded', 1],
    ['after the batch in progress', 2],
    ['before its scores are written', 3],
  ])('is given up when the job is told to stop %s', async (_when, asked) => {
    let left = asked;
    const yieldAndCheckStop = () => Promise.resolve(--left <= 0);
    const stopped = score({ ...jobContextOn(store), yieldAndCheckStop });
    await expect(stopped).rejects.toBeInstanceOf(EngineStopped);
    expect(left).toBe(0);
    expect(await store.list('scores/')).toEqual([]);
  });

  it('is scored for both of two runs at the same time, and found by the next', async () => {
    const [one, two] = await Promise.all([score(), score()]);
    expect([one.reused, two.reused]).toEqual([false, false]);
    expect(two.mAP).toBe(one.mAP);
    expect(await score()).toMatchObject({ mAP: one.mAP, reused: true });
  });
});
