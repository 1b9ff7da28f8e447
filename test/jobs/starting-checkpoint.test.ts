import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';
import { trainJob } from '../../jobs/train/training-job';
import type { FolderStore } from '../../storage/folder-store';
import { loadModel } from '../../storage/models/model-folder';
import { teachRunSchema } from '../../workflows/contract/run-file';
import type { ModelReference, TrainedModel } from '../../workflows/contract/models';
import { ingestCorpus, jobContextOn, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { trainingInput } from '../support/training-input';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

describe('a training that starts from a checkpoint', () => {
  let folder: string;
  let store: FolderStore;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-starting-'));
    store = storeBelow(folder);
    writeToneCorpus(folder, { train: 4, validation: 2, eval: 0 }, () => 2 * 16_000);
    writeUntrainedTeacher(folder, 'vocabulary.csv', 1);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** @param settings of the teacher */
  async function trainOn(
    seconds: number,
    settings: object,
  ): Promise<[TrainedModel, ModelReference]> {
    const deps = localDependencies(folder, store);
    const { corpus, teachers, augment } = teachRunSchema.parse({
      ...{ name: 'r', store: 's', chunkSeconds: seconds },
      corpus: {
        train: 'train.jsonl',
        validation: 'validation.jsonl',
        vocabulary: 'vocabulary.csv',
      },
      teachers: [
        {
          ...{ name: 'small', model: { embedDim: 32, depth: 1, heads: 2 }, init: 'untrained-1' },
          ...{ epochs: 1, batchSize: 4, warmupSteps: 0, ...settings },
        },
      ],
    });
    const planKey = await ingestCorpus(deps, corpus, { chunkSeconds: seconds });
    const teacher = teachers[0]!;
    const { inits } = await importModels(deps, {
      ...{ store: '', vocabulary: corpus.vocabulary, teachers: [], chunkSeconds: seconds },
      inits: [{ field: 'init', checkpoint: 'untrained-1', model: teacher.model }],
    });
    const init = inits['untrained-1']!;
    const input = { planKey, settings: teacher, augment, init, chunkSeconds: seconds };
    return [await trainJob(jobContextOn(store), trainingInput(input)), init];
  }

  it('made for shorter chunks trains on longer ones, and tells what it took over', async () => {
    const [trained, init] = await trainOn(2, {});
    expect(trained.startedFrom).toEqual({
      sha256: init.sha256,
      classes: 6,
      positions: { from: 7, to: 13 },
    });
    const { config } = await loadModel(store, trained.sha256);
    expect(config.target_length).toBe(208);
  });

  it('and trains its head alone ends with the encoder bit for bit, averaged or not', async () => {
    const epochs = { epochs: 3, validateEvery: 1, averageBest: 3 };
    const [trained, init] = await trainOn(1, { train: 'head', ...epochs });
    const [before, after] = await Promise.all(
      [init.sha256, trained.sha256].map((sha256) => loadModel(store, sha256)),
    );
    const changed = [...after!.weights].filter(
      ([name, { data }]) =>
        Buffer.compare(
          Buffer.from(data.buffer, data.byteOffset, data.byteLength),
          Buffer.from(Float32Array.from(before!.weights.get(name)!.data).buffer),
        ) !== 0,
    );
    expect(changed.map(([name]) => name)).toEqual([
      'outputlayer.0.weight',
      'outputlayer.0.bias',
      'outputlayer.1.weight',
      'outputlayer.1.bias',
    ]);
  });
});
