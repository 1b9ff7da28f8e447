import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importModels } from '../../activities/import-models';
import { localDependencies } from '../../activities/local-dependencies';
import { metricsFiles } from '../../activities/publish/metrics-files';
import { readTrainingCurve } from '../../activities/publish/training-curve';
import { binaryCrossEntropy } from '../../ced/metrics/agreement';
import { storedTargetsOf } from '../../ced/logits/targets';
import type { JobContext } from '../../jobs/job-context';
import { scoreJob } from '../../jobs/score/score-job';
import { trainJob } from '../../jobs/train/training-job';
import { readCorpusClips } from '../../storage/corpus/corpus-clips';
import type { FolderStore } from '../../storage/folder-store';
import { readScores } from '../../storage/scores';
import type { EpochRecord } from '../../workflows/contract/activities';
import type { LiveProgress } from '../../workflows/contract/live-progress';
import type { EnsembleMember, ModelReference, TrainedModel } from '../../workflows/contract/models';
import { distillRunSchema, type DistillRun } from '../../workflows/contract/run-file';
import { ingestCorpus, jobContextOn, predictAndWrite, storeBelow } from '../support/in-process';
import { writeToneCorpus } from '../support/tone-corpus';
import { storedTargets, trainingInput } from '../support/training-input';
import { writeUntrainedTeacher } from '../support/untrained-teacher';

const CLASSES = 6;
const TOP_K = 3;

/** A small distillation whose validation split has no labels. */
describe('a validation without labels', () => {
  let folder: string;
  let store: FolderStore;
  let context: JobContext;
  let planKey: string;
  let ensemble: EnsembleMember[];
  let logitsKey: string;
  const runOf = (settings: object): DistillRun =>
    distillRunSchema.parse({
      name: 'r',
      store: 's',
      corpus: {
        train: 'train.jsonl',
        validation: 'validation.jsonl',
        vocabulary: 'vocabulary.csv',
      },
      teachers: [{ name: 'untrained-1', checkpoint: 'untrained-1', format: 'ced' }],
      logits: { views: 2, topK: TOP_K, chunkSeconds: 1, seed: 7 },
      students: [
        {
          ...{ name: 'small', model: { embedDim: 16, depth: 1, heads: 2 }, batchSize: 8 },
          ...{ epochs: 6, warmupSteps: 0, mixup: 0, validateEvery: 2, averageBest: 1 },
          ...settings,
        },
      ],
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ced-unlabelled-'));
    store = storeBelow(folder);
    context = jobContextOn(store);
    const deps = localDependencies(folder, store);
    writeToneCorpus(folder, { train: 16, validation: 6, eval: 0 });
    writeUntrainedTeacher(folder, 'vocabulary.csv', 1);
    const table = join(folder, 'validation.jsonl');
    writeFileSync(table, readFileSync(table, 'utf8').replace(/,"labels":\[[^\]]*\]/g, ''));
    const { corpus, teachers, logits } = runOf({});
    planKey = await ingestCorpus(deps, corpus);
    const { vocabulary } = corpus;
    const imported = await importModels(deps, { store: '', vocabulary, teachers, inits: [] });
    ensemble = imported.teachers;
    for (const teacher of ensemble) await scoresOf(teacher);
    if ('published' in logits) throw new Error('no logits to predict');
    const input = { store: '', planKey, shard: 0, ensemble, settings: logits };
    ({ logitsKey } = await predictAndWrite(context, input));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function scoresOf(model: ModelReference): Promise<Float32Array> {
    const input = { store: '', planKey, chunkSeconds: 1, precision: 'float32' } as const;
    await scoreJob(context, { ...input, split: 'validation', model });
    const { contentSha256 } = await readCorpusClips(store, planKey, 'validation');
    return (await readScores(store, model.sha256, contentSha256))!.values;
  }

  async function train(
    settings: object,
    stopAfterEpoch: number | null = null,
    init: ModelReference | null = null,
  ): Promise<{ trained: TrainedModel; epochs: EpochRecord[]; live: LiveProgress[] }> {
    const epochs: EpochRecord[] = [];
    const live: LiveProgress[] = [];
    const telling: JobContext = {
      ...context,
      onEpoch: (record) => void epochs.push(record),
      onProgress: (progress) => void live.push(progress),
    };
    const { students, logits } = runOf(settings);
    const input = { planKey, settings: students[0]!, augment: logits.augment, ensemble };
    const targets = storedTargets(logitsKey);
    const given = { ...input, targets, stopAfterEpoch, init };
    const trained = await trainJob(telling, trainingInput(given));
    return { trained, epochs, live };
  }

  const divergence = (scores: Float32Array, targets: Float32Array): number =>
    binaryCrossEntropy(scores, targets) - binaryCrossEntropy(targets, targets);

  it('shows the value that selects epochs in records, metrics, progress and curve', async () => {
    const { trained, epochs, live } = await train({});
    const validated = epochs.filter((record) => record.divergence !== undefined);
    expect(validated.map(({ epoch }) => epoch)).toEqual([2, 4, 6]);
    expect(epochs.every(({ mAP }) => mAP === null)).toBe(true);
    const values = validated.map((record) => record.divergence!);
    const lowest = validated.find((record) => record.divergence === Math.min(...values));
    expect(trained.bestEpoch).toBe(lowest?.epoch);
    expect(trained.validationDivergence).toBeCloseTo(Math.min(...values), 12);
    const [[, published] = []] = await metricsFiles(store, { students: [trained] });
    const lines = Buffer.from(published!).toString().trim().split('\n');
    const stored = lines.map((line) => JSON.parse(line) as Partial<EpochRecord>);
    expect(stored.flatMap((line) => line.divergence ?? [])).toEqual(values);
    const curve = await readTrainingCurve(store, trained);
    expect(curve.epochs.flatMap((epoch) => epoch.divergence ?? [])).toEqual(values);
    const shown = live.flatMap((progress) => progress.divergence ?? []);
    expect([...new Set(shown)]).toEqual(values);
  });

  it('is compared with what the student learns, not with what training pushes away', async () => {
    const full = await scoresOf(ensemble[0]!);
    const targets = storedTargetsOf(full, CLASSES, 'zero', TOP_K);
    const model = { embedDim: 32, depth: 1, heads: 2 };
    const settings = { model, epochs: 60, learningRate: 3e-4, earlyStop: 0 };
    const [teacher = null] = ensemble;
    const early = await scoresOf((await train(settings, 2, teacher)).trained);
    const { trained, epochs } = await train(settings, null, teacher);
    const late = await scoresOf(trained);
    // It begins as its own teacher. By the scores of all classes it gets worse as it learns.
    expect(divergence(late, targets)).toBeLessThan(divergence(early, targets));
    expect(divergence(late, full)).toBeGreaterThan(divergence(early, full));
    expect(trained.bestEpoch).toBeGreaterThan(2);
    const best = epochs.find(({ epoch }) => epoch === trained.bestEpoch);
    expect(best?.divergence).toBeCloseTo(divergence(late, targets), 9);
  });

  it('is compared under the fill and the topK of the student', async () => {
    const full = await scoresOf(ensemble[0]!);
    const { trained } = await train({ unseenFill: 'lastHalf', topK: 2 });
    const targets = storedTargetsOf(full, CLASSES, 'lastHalf', 2);
    expect(trained.validationDivergence).toBeCloseTo(
      divergence(await scoresOf(trained), targets),
      9,
    );
  });
});
