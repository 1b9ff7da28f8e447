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
  Pick<TrainJob['input']['settings'], 'seed' | 'precision' | 'batchSize' | 'parts'>
>;

const EPOCHS = 5;
const RATE = 16_000;

interface TrainingSize {
  batch: number;
  chunkSeconds: number;
  model: { embedDim: number; depth: number; heads: number };
}

/** Many steps a second. Its tensors are too small for kernels to be compiled. */
export const SMALL: TrainingSize = {
  batch: 4,
  chunkSeconds: 0.5,
  model: { embedDim: 32, depth: 2, heads: 2 },
};
/** As in the demo: chains of kernels are compiled, and branches run them at once. */
export const DEMO: TrainingSize = {
  batch: 16,
  chunkSeconds: 4,
  model: { embedDim: 92, depth: 4, heads: 4 },
};

/** @param steps a multiple of 5 */
export async function smallTraining(
  folder: string,
  steps: number,
  { batch, chunkSeconds, model }: TrainingSize,
): Promise<SmallTraining> {
  const store = new FolderStore(join(folder, 'store'));
  const corpus = writeNoise(folder, (steps / EPOCHS) * batch, chunkSeconds * RATE);
  const run = teachRunSchema.parse({
    name: 'small',
    store: 'store',
    corpus,
    chunkSeconds,
    augment: { timeMask: { maxFrames: 10 }, freqMask: { maxBins: 8 } },
    teachers: [
      {
        name: 'small',
        model,
        epochs: EPOCHS,
        batchSize: batch,
        validateEvery: 1,
        learningRate: 1e-3,
        warmupSteps: 5,
        mixup: 0.5,
        seed: 1,
      },
    ],
  });
  const deps = localDependencies(folder, store);
  const { augment } = run;
  const { planKey } = await planCorpus(
    deps,
    { store: '', corpus: run.corpus, chunkSeconds },
    ignore,
  );
  for (const split of ['train', 'validation'] as const)
    await ingestShard(deps, { store: '', planKey, split, shard: 0 }, ignore);
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
    hasValidation: true,
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

/** Paths are relative to `folder`. Validation has an odd number, for a batch of another size. */
function writeNoise(
  folder: string,
  clips: number,
  samples: number,
): { train: string; validation: string; vocabulary: string } {
  mkdirSync(join(folder, 'audio'), { recursive: true });
  writeFileSync(
    join(folder, 'vocabulary.csv'),
    'index,mid,display_name\n0,/n/0,"Even"\n1,/n/1,"Odd"\n',
  );
  const write = (split: string, count: number): string => {
    const rows = Array.from({ length: count }, (_, clip) => {
      const name = `${split}-${clip}`;
      writeFileSync(join(folder, `audio/${name}.wav`), encodeWav(noise(name, samples)));
      return JSON.stringify({ clip: name, audio: `audio/${name}.wav`, labels: [clip % 2] });
    });
    writeFileSync(join(folder, `${split}.jsonl`), `${rows.join('\n')}\n`);
    return `${split}.jsonl`;
  };
  const [train, validation] = [write('train', clips), write('validation', 37)];
  return { train, validation, vocabulary: 'vocabulary.csv' };
}

function noise(name: string, samples: number): Int16Array {
  const key = streamKey('noise', name);
  return Int16Array.from(
    { length: samples },
    (_, at) => (philox(key, [at, 0, 0, 0])[0] % 20_001) - 10_000,
  );
}
