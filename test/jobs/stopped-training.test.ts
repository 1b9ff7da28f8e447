import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localDependencies } from '../../activities/local-dependencies';
import type { MetricsLine } from '../../ced/training/metrics-line';
import { EngineStopped } from '../../jobs/engine-jobs';
import type { JobContext } from '../../jobs/job-context';
import { trainJob } from '../../jobs/train/training-job';
import type { FolderStore } from '../../storage/folder-store';
import { layout } from '../../storage/layout';
import { repositoryRoot } from '../../infra/toolchain';
import { readMetrics } from '../../storage/training/metrics-segment';
import type { TrainingState } from '../../storage/training/training-checkpoint';
import type { MeasuredModel } from '../../workflows/contract/activities';
import type { TrainedModel } from '../../workflows/contract/models';
import { teachRunSchema } from '../../workflows/contract/run-file';
import { ingestCorpus, jobContextOn, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { trainingInput } from '../support/training-input';

const STEPS_PER_EPOCH = 2;

/**
 * How a run ends before its last epoch: by `stopAfterEpoch`, or by a pause after a step or in one
 * of the attempt's validations, after so many of its batches.
 */
type Stop =
  { afterEpoch: number } | { afterStep: number } | { inValidation: number; batches: number };
const epochs = (...each: number[]): Stop[] => each.map((afterEpoch) => ({ afterEpoch }));

describe('a training that goes on after stops', () => {
  let folder: string;
  let store: FolderStore;
  let context: JobContext;
  let planKey: string;
  const parsed = (settings: object) =>
    teachRunSchema.parse({
      name: 'r',
      store: 's',
      corpus: {
        ...writeToneCorpus(folder, { train: 16, validation: 6, eval: 0 }),
        eval: undefined,
      },
      teachers: [
        {
          name: 'small',
          model: { embedDim: 16, depth: 1, heads: 2 },
          batchSize: 8,
          warmupSteps: 0,
          mixup: 0,
          ...settings,
        },
      ],
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-stops-'));
    store = storeBelow(folder);
    context = jobContextOn(store);
    const deps = localDependencies(folder, store);
    const { corpus } = parsed({});
    planKey = await ingestCorpus(deps, corpus);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const forget = (): void =>
    rmSync(join(folder, 'store', 'training'), { recursive: true, force: true });

  async function measure(settings: object, measureEpoch: number, stop?: Stop) {
    return (await train(settings, stop, { measureEpoch })).measured;
  }

  async function train(
    settings: object,
    stop?: Stop,
    asked: { measureEpoch?: number } = {},
  ): Promise<MeasuredModel> {
    const run = parsed(settings);
    const stoppable: JobContext = { ...context, ...pausedAt(stop) };
    const stopAfterEpoch = stop && 'afterEpoch' in stop ? stop.afterEpoch : null;
    const { augment } = run;
    return await trainJob(
      stoppable,
      trainingInput({ planKey, settings: run.teachers[0]!, augment, stopAfterEpoch, ...asked }),
    );
  }

  /** Tells a job to stop at this point of its progress. */
  function pausedAt(stop?: Stop): Pick<JobContext, 'onProgress' | 'yieldAndCheckStop'> {
    let [step, validation, batches] = [0, 0, 0];
    return {
      onProgress: ({ unit, done, phase }) => {
        if (unit === 'steps') step = done;
        if (phase === 'validating' && unit === '') [validation, batches] = [validation + 1, 0];
        if (phase === 'validating' && unit === 'clips') batches++;
      },
      yieldAndCheckStop: () =>
        Promise.resolve(
          stop !== undefined &&
            (('afterStep' in stop && step >= stop.afterStep) ||
              ('inValidation' in stop &&
                validation === stop.inValidation &&
                batches === stop.batches)),
        ),
    };
  }

  interface Outcome {
    trained: Partial<TrainedModel>;
    state: string;
    metrics: MetricsLine[];
  }

  /** All of the outcome that does not depend on time or attempts. */
  async function outcomeOf(trained: TrainedModel): Promise<Outcome> {
    const { trainingKey, steps } = trained;
    const { seconds: _seconds, resumedAtStep: _resumedAtStep, ...own } = trained;
    const state = layout.checkpoint(trainingKey, steps, 'state.json');
    return {
      trained: own,
      state: readFileSync(join(folder, 'store', state), 'utf8'),
      metrics: await readMetrics(store, trainingKey, steps),
    };
  }

  async function afterStops(settings: object, stops: readonly Stop[]): Promise<Outcome> {
    forget();
    for (const stop of stops)
      if ('afterEpoch' in stop) await train(settings, stop);
      else await expect(train(settings, stop)).rejects.toBeInstanceOf(EngineStopped);
    return await outcomeOf(await train(settings));
  }

  describe.each([
    [
      'that learns',
      { epochs: 11, learningRate: 3e-3, validateEvery: 3, averageBest: 3, earlyStop: 0 },
    ],
    [
      'that gets no better and stops early',
      { epochs: 30, learningRate: 1e-12, validateEvery: 2, averageBest: 2, earlyStop: 3 },
    ],
  ])('%s', (_, settings) => {
    let undisturbed: Outcome;
    beforeAll(async () => (undisturbed = await afterStops(settings, [])));

    it.each([
      ['in the first epoch', [{ afterStep: 1 }]],
      ['after an epoch before the first validation', epochs(1)],
      ['after an epoch with a validation', epochs(6)],
      ['after an epoch between two validations', epochs(5)],
      ['after every epoch', epochs(1, 2, 3, 4, 5, 6, 7)],
      ['after epochs that have gone by', epochs(5, 1, 2, 3, 4)],
      ['between two validations, then within an epoch', [...epochs(5), { afterStep: 11 }]],
      [
        'within epochs and after epochs',
        [{ afterStep: 3 }, ...epochs(4), { afterStep: 9 }, ...epochs(7)],
      ],
      ['before its first validation', [{ inValidation: 1, batches: 0 }]],
      ['in its first validation', [{ inValidation: 1, batches: 1 }]],
      [
        'in the same validation again and again, then in a later one',
        [
          { inValidation: 1, batches: 1 },
          { inValidation: 1, batches: 0 },
          { inValidation: 1, batches: 1 },
          { inValidation: 2, batches: 1 },
        ],
      ],
      [
        'in a validation, then after epochs',
        [{ inValidation: 1, batches: 1 }, ...epochs(3, 4), { inValidation: 1, batches: 1 }],
      ],
    ] satisfies [string, Stop[]][])(
      '%s ends as the undisturbed one, byte for byte',
      async (__, stops) => {
        expect(await afterStops(settings, stops)).toEqual(undisturbed);
        expect(undisturbed.trained).toMatchObject({ bitExact: true });
      },
    );
  });

  it('with a moving average of weights ends as the undisturbed one, byte for byte', async () => {
    const settings = {
      ...{ epochs: 8, learningRate: 3e-3, validateEvery: 3, earlyStop: 0 },
      ...{ averaging: 'ema', emaDecay: 0.8 },
    };
    const undisturbed = await afterStops(settings, []);
    const stops: Stop[] = [{ afterStep: 3 }, ...epochs(4), { inValidation: 1, batches: 1 }];
    expect(await afterStops(settings, stops)).toEqual(undisturbed);
    const plain = await afterStops({ ...settings, averaging: 'best', averageBest: 1 }, []);
    expect(plain.trained.steps).toBe(undisturbed.trained.steps);
    expect(plain.trained.sha256).not.toBe(undisturbed.trained.sha256);
  });

  it('that stops early by steps ends as the undisturbed one, byte for byte', async () => {
    const settings = {
      ...{ epochs: 30, learningRate: 1e-12, validateEvery: 2, averageBest: 2 },
      ...{ earlyStop: 0, earlyStopSteps: 3 * 2 * STEPS_PER_EPOCH },
    };
    const undisturbed = await afterStops(settings, []);
    const { epochs: last = 0, bestEpoch = 0 } = undisturbed.trained;
    expect(last).toBeLessThan(30);
    expect(last - bestEpoch).toBe(6);
    expect(await afterStops(settings, [...epochs(3), { afterStep: 9 }])).toEqual(undisturbed);
  });

  it('gives at a stop the model that the same stop gives without the stops before it', async () => {
    const settings = { epochs: 11, learningRate: 3e-3, validateEvery: 3, averageBest: 3 };
    forget();
    const alone = await train(settings, { afterEpoch: 5 });
    expect(alone).toMatchObject({ epochs: 5, steps: 5 * STEPS_PER_EPOCH });
    forget();
    await train(settings, { afterEpoch: 1 });
    await train(settings, { afterEpoch: 4 });
    expect((await train(settings, { afterEpoch: 5 })).sha256).toBe(alone.sha256);
  });

  it('tells the validation of an epoch, whether it ended there or has gone further', async () => {
    const settings = { epochs: 9, learningRate: 3e-3, validateEvery: 3, averageBest: 2 };
    forget();
    const atRung = await measure(settings, 3, { afterEpoch: 3 });
    expect(atRung).toEqual({ epoch: 3, mAP: expect.any(Number) });
    await train(settings);
    expect(await measure(settings, 3)).toEqual(atRung);
    expect(await measure(settings, 8)).toMatchObject({ epoch: 6 });
    expect(await measure(settings, 2)).toBeNull();
  });

  it("resumes from an earlier version's checkpoint without a stop's validation", async () => {
    const settings = {
      model: { embedDim: 8, depth: 1, heads: 2 },
      ...{ epochs: 11, learningRate: 3e-3, validateEvery: 3, averageBest: 3, earlyStop: 0 },
    };
    const { trainingKey } = await train(settings);
    forget();
    const golden = join(repositoryRoot, 'test/jobs/golden/stopped-training');
    cpSync(golden, join(folder, 'store', layout.training(trainingKey)), { recursive: true });
    const trained = await train(settings);
    expect(trained).toMatchObject({ trainingKey, resumedAtStep: 10, epochs: 11 });
    const { validated, best } = JSON.parse((await outcomeOf(trained)).state) as TrainingState;
    expect(validated).toEqual([6, 12, 18, 22]);
    expect(best).toHaveLength(3);
    for (const { step } of best) expect(validated).toContain(step);
  });

  it('keeps every step when stopped in a validation, and repeats the validation', async () => {
    const settings = { epochs: 3, validateEvery: 1 };
    forget();
    const undisturbed = await train(settings);
    for (const inValidation of [1, 2, 3]) {
      forget();
      const stopped = train(settings, { inValidation, batches: 1 });
      await expect(stopped).rejects.toBeInstanceOf(EngineStopped);
      const resumed = await train(settings);
      expect(resumed).toMatchObject({ resumedAtStep: inValidation * STEPS_PER_EPOCH });
      expect(resumed.sha256).toBe(undisturbed.sha256);
      const { metrics } = await outcomeOf(resumed);
      expect(metrics.filter((line) => 'epoch' in line).map(({ step }) => step)).toEqual([2, 4, 6]);
    }
  });

  it('is finished by the next attempt when stopped while publishing its model', async () => {
    const settings = { epochs: 2, validateEvery: 1 };
    forget();
    const undisturbed = await train(settings);
    forget();
    // The third validation is that of the averaged weights.
    const stopped = train(settings, { inValidation: 3, batches: 1 });
    await expect(stopped).rejects.toBeInstanceOf(EngineStopped);
    const resumed = await train(settings);
    expect(resumed).toMatchObject({ sha256: undisturbed.sha256, resumedAtStep: undisturbed.steps });
  });

  it('does not count as stuck, however often one validation is stopped', async () => {
    const settings = { epochs: 1 };
    forget();
    for (let stops = 0; stops < 10; stops++)
      await expect(train(settings, { inValidation: 1, batches: 1 })).rejects.toBeInstanceOf(
        EngineStopped,
      );
    expect(await train(settings)).toMatchObject({ epochs: 1 });
  });

  it('is not taken for one that never gets on, however many stops have gone by', async () => {
    const settings = { epochs: 13, learningRate: 3e-3, validateEvery: 13, averageBest: 1 };
    forget();
    for (const afterEpoch of [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
      expect(await train(settings, { afterEpoch })).toMatchObject({ epochs: 12 });
    expect(await train(settings)).toMatchObject({ epochs: 13 });
  });
});
