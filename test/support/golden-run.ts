/**
 * The run whose store lies in test/storage/golden: twelve clips of a fifth of a second or two, a
 * CED teacher and an ONNX teacher of a few hundred numbers each, and one student. Every stage is
 * called in this process, and finds what the store holds already.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findChampion } from '../../activities/find-champion';
import { findEvaluation } from '../../activities/find-evaluation';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import { importModels } from '../../activities/import-models';
import { ingestShard } from '../../activities/ingest-shard';
import { localDependencies } from '../../activities/local-dependencies';
import { planCorpus } from '../../activities/plan-corpus';
import { promoteChallenger } from '../../activities/promote-challenger';
import { publishRun } from '../../activities/publish-run';
import { encodeWav } from '../../ced/audio/wav-file';
import { initialWeights } from '../../ced/model/initial-weights';
import { encodeSafetensors } from '../../ced/model/safetensors';
import { compareJob } from '../../jobs/compare/compare-job';
import type { JobContext } from '../../jobs/job-context';
import { scoreJob } from '../../jobs/score/score-job';
import { modelConfig } from '../../ced/model/shaped-config';
import { trainJob } from '../../jobs/train/training-job';
import { FolderStore } from '../../storage/folder-store';
import type {
  ImportedModels,
  LogitsInput,
  LogitsShard,
  Plan,
  PublishInput,
  RunResult,
} from '../../workflows/contract/activities';
import type { ModelReference, Split, TrainedModel } from '../../workflows/contract/models';
import type { Overtaken, Promotion } from '../../workflows/contract/promotion';
import { distillRunSchema } from '../../workflows/contract/run-file';
import { type LogitsSettings, modelSchema } from '../../workflows/contract/run-file-sections';
import { onnxBytes } from '../ced/teachers/onnx-bytes';
import { jobContextOn, predictAndWrite, storeBelow } from './in-process';
import { trainingInput } from './training-input';

const CLASSES = ['Low tone', 'High tone', 'Clicks'];
const CHUNK_SECONDS = 0.2;
const CHUNK_SAMPLES = 3200;
const SHAPE = { embedDim: 8, depth: 1, heads: 1, mlpRatio: 1 };
const SPLIT_CLIPS = { train: 6, validation: 3, eval: 3 };
const ignore = (): void => undefined;

const GOLDEN_RUN = distillRunSchema.parse({
  name: 'golden',
  store: 'store',
  corpus: {
    train: 'train.jsonl',
    validation: 'validation.jsonl',
    eval: 'eval.jsonl',
    vocabulary: 'vocabulary.csv',
    clipsPerShard: 4,
    maxRejected: 0.5,
  },
  teachers: [
    { name: 'ced', format: 'ced', checkpoint: 'ced' },
    {
      name: 'net',
      format: 'onnx',
      checkpoint: 'net.onnx',
      vocabulary: 'vocabulary.csv',
      output: 'logits',
      spectrogramMasks: 'skip',
      weight: 2,
    },
  ],
  logits: { views: 2, topK: 2, chunkSeconds: CHUNK_SECONDS, seed: 7 },
  students: [
    {
      name: 'student',
      model: SHAPE,
      epochs: 3,
      batchSize: 4,
      warmupSteps: 2,
      validateEvery: 1,
      averageBest: 2,
      checkpointSeconds: 1e-6,
      seed: 3,
    },
  ],
  promote: { champion: 'champion' },
});

/** Writes the tables, the clips and the teachers' files that the run names. */
export function writeGoldenSources(folder: string): void {
  mkdirSync(join(folder, 'audio'), { recursive: true });
  mkdirSync(join(folder, 'ced'), { recursive: true });
  const classes = CLASSES.map((name, index) => `${index},/t/${index},"${name}"\n`);
  writeFileSync(join(folder, 'vocabulary.csv'), `index,mid,display_name\n${classes.join('')}`);
  for (const [split, count] of Object.entries(SPLIT_CLIPS)) {
    const rows = Array.from({ length: count }, (_, index) => {
      const audio = `audio/${split}-${index}.wav`;
      writeFileSync(join(folder, audio), encodeWav(samplesOf(split, index)));
      return { clip: `${split}-${index}`, audio, labels: [index % CLASSES.length] };
    });
    // One recording twice, and one that is not there.
    if (split === 'train')
      rows.push({ ...rows[0]!, clip: 'same' }, { ...rows[0]!, clip: 'gone', audio: 'gone.wav' });
    writeFileSync(
      join(folder, `${split}.jsonl`),
      rows.map((row) => JSON.stringify(row) + '\n').join(''),
    );
  }
  const vocabulary = CLASSES.map((name) => ({ name }));
  const config = modelConfig(modelSchema.parse(SHAPE), CHUNK_SECONDS, vocabulary);
  writeFileSync(join(folder, 'ced/config.json'), JSON.stringify(config));
  writeFileSync(
    join(folder, 'ced/model.safetensors'),
    encodeSafetensors(initialWeights(config, 5), 'F32'),
  );
  writeFileSync(join(folder, 'net.onnx'), onnxBytes(CLASSES.map((_, index) => index - 1)));
}

function samplesOf(split: string, index: number): Int16Array {
  const hertz = 200 * (index + 1) + 50 * split.length;
  return Int16Array.from({ length: CHUNK_SAMPLES * (1 + (index % 2)) }, (_, at) =>
    Math.round(9000 * Math.sin((2 * Math.PI * hertz * at) / 16_000) + 30 * index),
  );
}

export class GoldenRun {
  readonly store: FolderStore;
  readonly champion: FolderStore;
  readonly context: JobContext;
  private readonly deps;

  /** @param folder holds `store/` and `champion/`, and the sources where something is new */
  constructor(readonly folder: string) {
    this.store = storeBelow(folder);
    this.champion = new FolderStore(join(folder, 'champion'));
    this.context = jobContextOn(this.store);
    this.deps = {
      ...localDependencies(folder),
      openStore: (uri: string) => (uri === 'champion' ? this.champion : this.store),
    };
  }

  get logits(): LogitsSettings {
    const { logits } = GOLDEN_RUN;
    if ('published' in logits) throw new Error('the golden run computes its logits');
    return logits;
  }

  plan(): Promise<Plan> {
    const input = { store: '', corpus: GOLDEN_RUN.corpus, chunkSeconds: CHUNK_SECONDS };
    return planCorpus(this.deps, { ...input, continues: GOLDEN_RUN.name }, ignore);
  }

  async ingest({ planKey, splits }: Plan): Promise<boolean[]> {
    const reused: boolean[] = [];
    for (const split of ['train', 'validation', 'eval'] as const)
      for (let shard = 0; shard < (splits[split]?.shards ?? 0); shard++)
        reused.push(
          (await ingestShard(this.deps, { store: '', planKey, split, shard }, ignore)).reused,
        );
    return reused;
  }

  finalize(planKey: string): ReturnType<typeof finalizeCorpus> {
    const { maxRejected } = GOLDEN_RUN.corpus;
    return finalizeCorpus(this.deps, {
      store: '',
      planKey,
      maxRejected,
      chunkSeconds: CHUNK_SECONDS,
    });
  }

  importModels(): Promise<ImportedModels> {
    const { corpus, teachers } = GOLDEN_RUN;
    return importModels(this.deps, {
      store: '',
      vocabulary: corpus.vocabulary,
      teachers,
      inits: [],
    });
  }

  score(planKey: string, split: Split, model: ModelReference): ReturnType<typeof scoreJob> {
    return scoreJob(this.context, {
      ...{ store: '', planKey, split, model },
      chunkSeconds: CHUNK_SECONDS,
      precision: 'float32',
    });
  }

  logitsInput(planKey: string, shard: number, ensemble: ImportedModels['teachers']): LogitsInput {
    return { store: '', planKey, shard, ensemble, settings: this.logits };
  }

  predict(
    planKey: string,
    shard: number,
    ensemble: ImportedModels['teachers'],
  ): Promise<LogitsShard> {
    return predictAndWrite(this.context, this.logitsInput(planKey, shard, ensemble));
  }

  train(
    planKey: string,
    logitsKey: string,
    ensemble: ImportedModels['teachers'],
    { attemptId, stopAfterEpoch = null }: { attemptId: string; stopAfterEpoch?: number | null },
  ): Promise<TrainedModel> {
    const { views, topK, seed, augment } = this.logits;
    const targets = {
      kind: 'logits',
      logitsKey,
      storedViews: views,
      storedTopK: topK,
      seed,
    } as const;
    const settings = GOLDEN_RUN.students[0]!;
    const chunkSeconds = CHUNK_SECONDS;
    return trainJob(
      this.context,
      trainingInput({
        ...{ planKey, settings, targets, augment, chunkSeconds, ensemble },
        ...{ stopAfterEpoch, attemptId },
      }),
    );
  }

  findEvaluation(
    planKey: string,
    ensemble: ImportedModels['teachers'],
  ): ReturnType<typeof findEvaluation> {
    const { name: run, logits, students, promote } = GOLDEN_RUN;
    const settings = { logits, students, promote };
    const { champion = '' } = promote ?? {};
    return findEvaluation(this.deps, { store: '', run, planKey, ensemble, settings, champion });
  }

  async promote(
    planKey: string,
    challenger: TrainedModel,
    workflowRunId: string,
    minGain = 0,
  ): Promise<Promotion | Overtaken> {
    const incumbent = await findChampion(this.deps, { store: '', champion: 'champion' });
    const comparison = await compareJob(this.context, {
      ...{ store: '', planKey, champion: incumbent, challenger, chunkSeconds: CHUNK_SECONDS },
    });
    return await promoteChallenger(this.deps, {
      ...{ store: 'store', champion: 'champion', minGain, run: GOLDEN_RUN.name },
      ...{ workflowId: 'golden', workflowRunId, challenger, incumbent, comparison },
    });
  }

  publish(
    input: Pick<PublishInput, 'workflowRunId' | 'planKey' | 'ensemble' | 'logits' | 'students'> &
      Partial<PublishInput>,
  ): Promise<RunResult> {
    return publishRun(this.deps, {
      ...{ store: '', run: GOLDEN_RUN.name, workflowId: 'golden', kind: 'distill' },
      runFile: GOLDEN_RUN,
      stages: [{ name: 'distill', seconds: 1 }],
      ...input,
    });
  }
}
