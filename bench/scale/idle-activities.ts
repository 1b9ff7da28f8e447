/**
 * Activities of a run without arithmetic: they return at once the results that a corpus of this
 * size would give. Those of the GPU queue pass through the real edge (heartbeats, cancellation,
 * epoch signals) to an engine that computes nothing.
 */
import type { EngineClient } from '../../activities/dependencies';
import type { EngineJob, JobResult } from '../../jobs/engine-jobs';
import type {
  CpuActivities,
  PredictedLogits,
  Plan,
  Scored,
  FinalizedCorpus,
  FinalizedSplit,
  TrainInput,
} from '../../workflows/contract/activities';
import type { TrainedModel } from '../../workflows/contract/models';

export interface CorpusSize {
  shards: number;
  clips: number;
}

/** AudioSet's validation stands for a share of its training clips, its eval has 20,000. */
const HELD_OUT_CLIPS = 20_000;
export const VIEWS = 10;
const CLIP_SAMPLES = 160_000;
const SHA256 = 'a'.repeat(64);
/** Steps of an epoch that are reported to the worker; AudioSet has 6,250 at batch 128. */
const STEPS_TOLD = 50;

export function planOf({ shards, clips }: CorpusSize): Plan {
  const heldOut = {
    shards: Math.ceil((HELD_OUT_CLIPS * shards) / clips),
    clips: HELD_OUT_CLIPS,
    rejected: 0,
  };
  return {
    planKey: SHA256,
    classes: 527,
    splits: { train: { shards, clips, rejected: 0 }, validation: heldOut, eval: heldOut },
  };
}

export function checksummedOf(size: CorpusSize): FinalizedCorpus {
  const { train, validation, eval: evaluation } = planOf(size).splits;
  const finalized = (split: Plan['splits']['train']): FinalizedSplit | null =>
    split && { ...split, chunks: split.clips, samples: split.clips * CLIP_SAMPLES, labelled: true };
  return {
    train: finalized(train),
    validation: finalized(validation),
    eval: finalized(evaluation),
  };
}

export function idleCpuActivities(size: CorpusSize): CpuActivities {
  const clips = Math.ceil(size.clips / size.shards);
  return {
    planCorpus: () => Promise.resolve(planOf(size)),
    importModels: ({ teachers }) =>
      Promise.resolve({
        teachers: teachers.map(({ name, weight }) => ({
          name,
          weight,
          sha256: SHA256,
          parameters: 86e6,
        })),
        inits: {},
      }),
    acceptTeacher: () => Promise.reject(new Error('this run has no worker teachers')),
    checkProbe: () => Promise.reject(new Error('this run has no worker teachers')),
    requireClasses: () => Promise.reject(new Error('this run has no worker teachers')),
    writeRows: () => Promise.resolve({ requests: [] }),
    scoreOutputs: () => Promise.resolve(null),
    ingestShard: () => Promise.resolve({ clips, rejected: 0, seconds: 1, reused: false }),
    sealCorpus: () => Promise.resolve(checksummedOf(size)),
    fitEnsemble: () => Promise.reject(new Error('this run fits no weights')),
    compareWithLabels: () => Promise.reject(new Error('this run compares nothing with labels')),
    findJudgement: () => Promise.resolve({ key: null, judged: null }),
    findChampion: () => Promise.resolve(null),
    promoteChallenger: () => Promise.reject(new Error('this run promotes nobody')),
    writeLogits: ({ shard }) =>
      Promise.resolve({
        logitsKey: SHA256,
        rows: rowsOf(size, shard),
        bytes: 2e6,
        seconds: 60,
        reused: false,
      }),
    importPublishedLogits: () => Promise.reject(new Error('this run has teachers')),
    publishRun: ({ run, workflowId, stages, logits }) =>
      Promise.resolve({
        formatVersion: 1,
        run,
        workflowId,
        teachers: [],
        ensemble: { mAP: null },
        students: [],
        logits,
        rejected: 0,
        stages,
      }),
  };
}

export function idleEngine(size: CorpusSize): EngineClient {
  return { run: (job, options) => answer(size, job, options) as Promise<JobResult<typeof job>> };
}

async function answer(
  size: CorpusSize,
  job: EngineJob,
  options: Parameters<EngineClient['run']>[1],
): Promise<Scored | PredictedLogits | TrainedModel> {
  switch (job.kind) {
    case 'compare':
      throw new Error('this run promotes nobody');
    case 'try':
      throw new Error('this run has no SavedModel');
    case 'take part':
      throw new Error('one worker trains a student of this run');
    case 'score':
      return { mAP: 0.5, seconds: 1, reused: false };
    case 'logits':
      return { logitsKey: SHA256, audioShard: SHA256, reused: false };
    case 'train':
      return await train(size, job.input, options);
  }
}

/** Clips of one shard: all shards together have the clips of the corpus. */
function rowsOf({ shards, clips }: CorpusSize, shard: number): number {
  return (
    VIEWS * (Math.floor((clips * (shard + 1)) / shards) - Math.floor((clips * shard) / shards))
  );
}

async function train(
  size: CorpusSize,
  input: TrainInput,
  options: Parameters<EngineClient['run']>[1],
): Promise<TrainedModel> {
  const { name, epochs, batchSize } = input.settings;
  const total = epochs * STEPS_TOLD;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (let step = 0; step < STEPS_TOLD; step++)
      options.onProgress({
        unit: 'steps',
        done: (epoch - 1) * STEPS_TOLD + step,
        total,
        perSecond: 1,
        etaSeconds: null,
        loss: 0.1,
        epoch,
      });
    options.onEpoch?.({
      student: name,
      epoch,
      epochs,
      step: epoch * STEPS_TOLD,
      loss: 0.1,
      mAP: epoch % 5 === 0 ? 0.4 : null,
    });
    // One by one, as epochs of minutes come.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const steps = epochs * Math.ceil(size.clips / batchSize);
  return {
    name,
    sha256: SHA256,
    parameters: 5e6,
    trainingKey: SHA256,
    bestEpoch: epochs,
    validationMAP: 0.4,
    epochs,
    steps,
    rowsTrained: epochs * size.clips,
    bitExact: true,
    seconds: 1,
  };
}
