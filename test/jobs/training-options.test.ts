import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../ced/engine/engine';
import { parameterSpecs } from '../../ced/model/parameters';
import { trainJob } from '../../jobs/train/training-job';
import { loadModel } from '../../storage/models/model-folder';
import type { FolderStore } from '../../storage/folder-store';
import type { EpochRecord } from '../../workflows/contract/activities';
import { teachRunSchema } from '../../workflows/contract/run-file';
import { localDependencies } from '../../activities/local-dependencies';
import { ingestCorpus, jobContextOn, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { trainingInput } from '../support/training-input';
import type { TrainedModel } from '../../workflows/contract/models';

const CLIPS = 16;

/** What a student's or teacher's settings do, in a real training on a few clips. */
describe('a training', () => {
  let folder: string;
  let store: FolderStore;
  let planKey: string;
  const common = {
    name: 'small',
    model: { embedDim: 16, depth: 1, heads: 2 },
    batchSize: 8,
    warmupSteps: 0,
    validateEvery: 1,
    mixup: 0,
  };
  const corpusOf = (): ReturnType<typeof writeToneCorpus> =>
    writeToneCorpus(folder, { train: CLIPS, validation: 6, eval: 0 });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-options-'));
    store = storeBelow(folder);
    const deps = localDependencies(folder, store);
    const corpus = teachRunSchema.parse({
      name: 'r',
      store: 's',
      corpus: { ...corpusOf(), eval: undefined },
      teachers: [{ ...common, epochs: 1 }],
    }).corpus;
    planKey = await ingestCorpus(deps, corpus);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function train(
    settings: object,
  ): Promise<{ trained: TrainedModel; epochs: EpochRecord[] }> {
    const run = teachRunSchema.parse({
      name: 'r',
      store: 's',
      corpus: corpusOf(),
      teachers: [{ ...common, ...settings }],
    });
    const epochs: EpochRecord[] = [];
    const context = {
      ...jobContextOn(store),
      onEpoch: (record: EpochRecord) => void epochs.push(record),
    };
    const input = trainingInput({ planKey, settings: run.teachers[0]!, augment: run.augment });
    return { trained: await trainJob(context, input), epochs };
  }

  it('ends with LossNotFinite, which names model, step and clips of the batch', async () => {
    const error: unknown = await train({ epochs: 40, learningRate: 1e30 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'LossNotFinite', code: 'LossNotFinite' });
    expect((error as Error).message).toMatch(
      /^small: clips (train-\d+, ){7}train-\d+: the loss is NaN after step \d+: lower the learning rate or clip the gradients$/,
    );
  });

  it('that does not get better is over after earlyStop validations', async () => {
    const { trained, epochs } = await train({ epochs: 30, learningRate: 1e-12, earlyStop: 3 });
    expect(trained.epochs).toBeLessThan(30);
    expect(trained.epochs).toBe(trained.bestEpoch + 3);
    expect(epochs).toHaveLength(trained.epochs);
  });

  it("copies the weights for each validation, and Adam's moments per checkpoint", async () => {
    const copied = jest.spyOn(openEngine(), 'readVariable');
    const { trained } = await train({ epochs: 3, learningRate: 1e-3, checkpointSeconds: 1000 });
    const copies = copied.mock.calls.length;
    copied.mockRestore();
    const { config, weights } = await loadModel(store, trained.sha256);
    const moments = 2 * parameterSpecs(config).filter((spec) => spec.trained).length;
    expect(copies).toBe(3 * weights.size + weights.size + moments);
  });

  describe('beside a plain one', () => {
    let plain: Awaited<ReturnType<typeof train>>;
    beforeAll(async () => (plain = await train({ epochs: 4, learningRate: 1e-3, averageBest: 1 })));

    it('that averages its best checkpoints takes the same steps to another model', async () => {
      const averaged = await train({ epochs: 4, learningRate: 1e-3, averageBest: 2 });
      expect(averaged.epochs).toEqual(plain.epochs);
      expect(averaged.trained.sha256).not.toBe(plain.trained.sha256);
    });

    it.each([
      ['weight decay', { weightDecay: 0.1 }],
      ['clipped gradients', { clipNorm: 0.01 }],
      ['batches in parts', { parts: 2 }],
      ['products in bfloat16', { precision: 'bfloat16' }],
      ['a warm-up', { warmupSteps: 3 }],
      ['another end of the schedule', { finalLearningRateFraction: 1 }],
    ])('one with %s takes other steps, not far away', async (_, settings) => {
      const changed = await train({ epochs: 4, learningRate: 1e-3, averageBest: 1, ...settings });
      expect(changed.trained.sha256).not.toBe(plain.trained.sha256);
      expect(changed.trained.steps).toBe(plain.trained.steps);
      changed.epochs.forEach(({ loss }, index) =>
        expect(Math.abs(loss / plain.epochs[index]!.loss - 1)).toBeLessThan(0.1),
      );
    });
  });
});
