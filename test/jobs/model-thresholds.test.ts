import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localDependencies } from '../../activities/local-dependencies';
import { fitThresholds } from '../../ced/metrics/thresholds';
import { labelMatrix } from '../../ced/metrics/split-scores';
import { readFolderThresholds } from '../../cli/models/model-folder';
import { verifyStore } from '../../cli/store/store-verification';
import { scoreJob } from '../../jobs/score/score-job';
import { trainJob } from '../../jobs/train/training-job';
import { copyModel } from '../../storage/champion-ledger';
import { readCorpusClips } from '../../storage/corpus/corpus-clips';
import { FolderStore } from '../../storage/folder-store';
import { readThresholds } from '../../storage/models/model-thresholds';
import { readScores } from '../../storage/scores';
import { teachRunSchema } from '../../workflows/contract/run-file';
import type { TrainedModel } from '../../workflows/contract/models';
import { ingestCorpus, jobContextOn, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { trainingInput } from '../support/training-input';

describe('the thresholds of a trained model', () => {
  let folder: string;
  let store: FolderStore;
  let planKey: string;
  let trained: TrainedModel;

  async function trainOn(validation: string, seed: number): Promise<TrainedModel> {
    const deps = localDependencies(folder, store);
    const run = teachRunSchema.parse({
      name: 'r',
      store: 's',
      corpus: { train: 'train.jsonl', validation, vocabulary: 'vocabulary.csv' },
      teachers: [
        {
          ...{ name: 'small', model: { embedDim: 16, depth: 1, heads: 2 }, epochs: 4 },
          ...{ batchSize: 8, warmupSteps: 0, validateEvery: 1, mixup: 0, seed },
        },
      ],
    });
    const { corpus, teachers, augment } = run;
    planKey = await ingestCorpus(deps, corpus);
    const input = trainingInput({ planKey, settings: teachers[0]!, augment });
    return await trainJob(jobContextOn(store), input);
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-thresholds-'));
    store = storeBelow(folder);
    writeToneCorpus(folder, { train: 16, validation: 12, eval: 0 });
    trained = await trainOn('validation.jsonl', 1);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are those of its scores on validation', async () => {
    const corpus = await readCorpusClips(store, planKey, 'validation');
    const input = { store: '', planKey, chunkSeconds: 1, precision: 'float32' } as const;
    await scoreJob(jobContextOn(store), { ...input, split: 'validation', model: trained });
    const { values } = (await readScores(store, trained.sha256, corpus.contentSha256))!;
    expect(await readThresholds(store, trained.sha256)).toEqual(
      fitThresholds(values, labelMatrix(corpus)!, corpus.vocabulary),
    );
  });

  it('are read from its folder, also by a person who has copied it', async () => {
    const kept = await readThresholds(store, trained.sha256);
    expect(await readFolderThresholds(join(store.uri, 'models', trained.sha256))).toEqual(kept);
    const champion = new FolderStore(join(folder, 'champion'));
    await copyModel(store, champion, trained.sha256);
    expect(await readThresholds(champion, trained.sha256)).toEqual(kept);
  });

  it('are verified with the store, and a damaged file names itself', async () => {
    const damaged = new FolderStore(join(folder, 'damaged'));
    await copyModel(store, damaged, trained.sha256);
    const key = `models/${trained.sha256}/thresholds.json`;
    expect((await verifyStore(damaged)).damaged).toEqual([]);
    const text = readFileSync(join(store.uri, key), 'utf8');
    rmSync(join(damaged.uri, key));
    writeFileSync(join(damaged.uri, key), text.replace('"positives":', '"positives":1'));
    expect((await verifyStore(damaged)).damaged).toMatchObject([{ key }]);
    rmSync(join(damaged.uri, key));
    writeFileSync(join(damaged.uri, key), '{"formatVersion":1}');
    await expect(readFolderThresholds(join(damaged.uri, 'models', trained.sha256))).rejects.toThrow(
      /thresholds\.json: .*clips/,
    );
  });

  it('are missing where validation has no labels', async () => {
    const table = readFileSync(join(folder, 'validation.jsonl'), 'utf8');
    const unlabelled = table.replace(/,"labels":\[[^\]]*\]/g, '');
    writeFileSync(join(folder, 'unlabelled.jsonl'), unlabelled);
    const other = await trainOn('unlabelled.jsonl', 2);
    expect(other.validationMAP).toBeNull();
    expect(await readThresholds(store, other.sha256)).toBeNull();
  });
});
