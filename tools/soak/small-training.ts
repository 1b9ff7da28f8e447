/**
 * A training that takes seconds: labelled noise, planned and ingested into a store like any corpus,
 * and the job of the engine process. `forget` removes the training's results, so that the same job
 * starts again from its first step.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ingestShard } from '../../activities/ingest-shard';
import { finalizeCorpus } from '../../activities/finalize-corpus';
import type { EngineJob } from '../../jobs/engine-jobs';
import { planCorpus } from '../../activities/plan-corpus';
import { FolderStore } from '../../storage/folder-store';
import { philox, streamKey } from '../../ced/augment/random';
import { encodeWav } from '../../ced/audio/wav-file';
import { teachRunSchema } from '../../workflows/contract/run-file';
import { localDependencies } from '../../activities/local-dependencies';

type TrainJob = Extract<EngineJob, { kind: 'train' }>;

export interface SmallTraining {
  /** @param changed settings other than those of the training @default none */
  job(attemptId: string, changed?: SmallSettings): TrainJob;
  forget(): void;
}

/** Each gives another model. */
export type SmallSettings = Partial<
  Pick<TrainJob['input']['settings'], 'seed' | 'precision' | 'batchSize' | 'gradientAccumulation'>
>;

const BATCH = 4;
const EPOCHS = 5;
const SAMPLES = 8000;

/** @param steps a multiple of 5 */
export async function smallTraining(folder: string, steps: number): Promise<SmallTraining> {
  const store = new FolderStore(join(folder, 'store'));
  const corpus = writeNoise(folder, (steps / EPOCHS) * BATCH);
  const run = teachRunSchema.parse({
    name: 'small',
    store: 'store',
    corpus,
    chunkSeconds: 0.5,
    augment: { timeMask: { maxFrames: 10 }, freqMask: { maxBins: 8 } },
    teachers: [
      {
        name: 'small',
        model: { embedDim: 32, depth: 2, heads: 2 },
        epochs: EPOCHS,
        batchSize: BATCH,
        learningRate: 1e-3,
        warmupSteps: 5,
        mixup: 0.5,
        seed: 1,
      },
    ],
  });
  const deps = localDependencies(folder, store);
  const { chunkSeconds, augment } = run;
  const { planKey } = await planCorpus(
    deps,
    { store: '', corpus: run.corpus, chunkSeconds },
    ignore,
  );
  await ingestShard(deps, { store: '', planKey, split: 'train', shard: 0 }, ignore);
  await finalizeCorpus(deps, { store: '', planKey, maxRejected: 0, chunkSeconds });
  const settings = run.teachers[0]!;
  const input = {
    store: run.store,
    planKey,
    run: run.name,
    settings,
    init: null,
    targets: { kind: 'labels' },
    augment,
    chunkSeconds,
    ensemble: [],
    hasValidation: false,
    resume: 'continue',
    stopAfterEpoch: null,
  } as const;
  return {
    job: (attemptId, changed = {}) => ({
      kind: 'train',
      input: { ...input, settings: { ...settings, ...changed }, ensemble: [], attemptId },
    }),
    forget: () => {
      for (const kind of ['training', 'models'])
        rmSync(join(folder, 'store', kind), { recursive: true, force: true });
    },
  };
}

const ignore = (): void => undefined;

/** Paths are relative to `folder`. */
function writeNoise(folder: string, clips: number): { train: string; vocabulary: string } {
  mkdirSync(join(folder, 'audio'), { recursive: true });
  writeFileSync(
    join(folder, 'vocabulary.csv'),
    'index,mid,display_name\n0,/n/0,"Even"\n1,/n/1,"Odd"\n',
  );
  const rows = Array.from({ length: clips }, (_, clip) => {
    const key = streamKey('noise', clip);
    const samples = Int16Array.from(
      { length: SAMPLES },
      (_unused, at) => (philox(key, [at, 0, 0, 0])[0] % 20_001) - 10_000,
    );
    writeFileSync(join(folder, 'audio', `${clip}.wav`), encodeWav(samples));
    return JSON.stringify({ clip: String(clip), audio: `audio/${clip}.wav`, labels: [clip % 2] });
  });
  writeFileSync(join(folder, 'train.jsonl'), `${rows.join('\n')}\n`);
  return { train: 'train.jsonl', vocabulary: 'vocabulary.csv' };
}
