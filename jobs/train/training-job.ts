/**
 * Trains one model in the engine's process: a student from stored logits or a teacher from labels.
 * Found finished, it returns at once; found half done, it goes on from the newest sound checkpoint;
 * the result is an immutable model in the store and a manifest, written last.
 */
import { canonicalJson } from '../../ced/canonical-json';
import type { LogitTable } from '../../ced/logits/logit-table';
import type { ModelConfig } from '../../ced/model/config';
import { initialWeights } from '../../ced/model/initial-weights';
import { parameterCount } from '../../ced/model/parameters';
import { decodeSafetensors, encodeSafetensors } from '../../ced/model/safetensors';
import { loadWeights, type Weights } from '../../ced/model/weights';
import { averageWeights } from '../../ced/training/averaging';
import { withEntry } from '../../ced/training/best-list';
import { Trainer } from '../../ced/training/trainer';
import { onSchedule } from '../../ced/training/validation-schedule';
import type { TrainInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { Student } from '../../workflows/contract/run-file-sections';
import { chunkSamples, CorpusAudio } from '../../storage/corpus/corpus-audio';
import { EngineStopped } from '../engine-jobs';
import { beginPhase, throwIfStopped, type JobContext } from '../job-context';
import { isModelVerified, loadModel, storeModel } from '../../storage/models/model-folder';
import { progressMeter } from '../../workflows/contract/progress-meter';
import { layout } from '../../storage/layout';
import { isTransient } from '../../storage/retry';
import { createRecordOrAdopt, readRecordOrQuarantine } from '../../storage/quarantine';
import { trainingRecord } from '../../storage/training/training-manifest';
import { sha256 } from '../../storage/store';
import { LabelledTargets } from './labelled-targets';
import { recordAttempt } from './attempts';
import { readBestWeights } from '../../storage/training/best-weights';
import { modelConfig } from './model-shape';
import {
  readStoredLogits,
  rowsWithLogits,
  StoredTargets,
  verifyStoredLogits,
} from './stored-targets';
import { StoredViews } from './stored-views';
import {
  readLatestCheckpoint,
  type Progress,
  type TrainingState,
} from '../../storage/training/training-checkpoint';
import { trainingKey } from './training-key';
import { trainingLoop, type TrainingEnd } from './training-loop';
import { trainingRows, TrainingSet, type TargetRows, type TrainingRow } from './training-set';
import { Validation } from './validation';
import type { TrainedModel } from '../../workflows/contract/models';

export type TrainJobInput = TrainInput & { attemptId: string };

export async function trainJob(context: JobContext, input: TrainJobInput): Promise<TrainedModel> {
  const { store } = context;
  await beginPhase(context, 'reading the corpus');
  const audio = await CorpusAudio.open(store, input.planKey, 'train', { job: context });
  const validation = await Validation.open(
    context,
    input.planKey,
    input.hasValidation,
    input.ensemble,
  );
  let stored: StoredViews | undefined;
  try {
    const config = await shapeOf(context, input, audio);
    const prepared = await prepareTargets(context, input, audio);
    const { rows, lessons, logitShards } = prepared;
    stored = prepared.stored;
    const key = trainingKey(input, {
      config,
      trainContentSha256: audio.contentSha256,
      validationContentSha256: validation.contentSha256,
      logitShards,
    });
    const manifestKey = layout.trainingManifest(key, input.stopAfterEpoch);
    const finished = await readRecordOrQuarantine(store, manifestKey, trainingRecord);
    if (finished && (await isModelVerified(store, finished.sha256)))
      return { ...finished, name: input.settings.name };

    const startedMs = context.monotonicMs();
    const { batchSize, mixup, seed, precision, weightDecay, clipNorm, gradientAccumulation } =
      input.settings;
    const data = new TrainingSet(audio, rows, lessons, {
      batchSize,
      mixup,
      seed,
      samples: chunkSamples(input.chunkSeconds),
    });
    await beginPhase(context, 'reading the checkpoint');
    const resumed = await readLatestCheckpoint(store, key, config);
    const forgetAttempt = await recordAttempt(
      store,
      key,
      input.attemptId,
      resumed?.state.step ?? 0,
    );
    const start = resumed ? continueFrom(resumed.state, context, input, data.stepsPerEpoch) : FRESH;
    const initial =
      resumed?.trainer ??
      (input.init
        ? (await loadModel(store, input.init.sha256)).weights
        : initialWeights(config, seed));
    const options = {
      precision,
      weightDecay,
      gradientAccumulation,
      ...(clipNorm === null ? {} : { clipNorm }),
    };
    const trainer = new Trainer(context.engine, config, initial, options);
    const at = structuredClone(start);
    try {
      const stamp = { engine: context.engine.kind };
      const settings = { ...input.settings, stopAfterEpoch: input.stopAfterEpoch };
      const end = await trainingLoop(
        { context, key, config, trainer, data, validation, settings, stamp },
        at,
      );
      const { epoch, step, rowsTrained } = end.progress;
      if (rowsTrained !== epoch * rows.length)
        throw new PermanentError(
          'LogitsMismatch',
          `${input.settings.name}: ${epoch * rows.length} rows planned, ${rowsTrained} trained on`,
        );
      // A stop at an epoch gone by takes no step: that is no sign of something that kills attempts.
      if (input.stopAfterEpoch !== null && step === start.step) await forgetAttempt();
      const seconds = (context.monotonicMs() - startedMs) / 1000;
      return await publishModel(context, input, {
        config,
        key,
        manifestKey,
        end,
        seconds,
        resumedAtStep: start.step,
        validation,
      });
    } catch (error) {
      // A disk may stay full for hours, and an attempt may be stopped before its first step, any
      // number of times: neither is a sign of something that kills attempts.
      const isStopped = error instanceof EngineStopped && at.step === start.step;
      if (isTransient(error) || isStopped) await forgetAttempt().catch(() => undefined);
      throw error;
    } finally {
      trainer.dispose();
    }
  } finally {
    stored?.close();
    await audio.close();
    await validation.close();
  }
}

const FRESH: Progress = {
  step: 0,
  epoch: 0,
  stepInEpoch: 0,
  lossSum: 0,
  lossRows: 0,
  best: [],
  validated: [],
  rowsTrained: 0,
  metricsFrom: 0,
  bitExact: true,
};

async function shapeOf(
  context: JobContext,
  input: TrainInput,
  audio: CorpusAudio,
): Promise<ModelConfig> {
  const wanted = modelConfig(input.settings.model, input.chunkSeconds, audio.vocabulary);
  if (!input.init) return wanted;
  const { config } = await loadModel(context.store, input.init.sha256);
  const differing = (['embed_dim', 'depth', 'num_heads', 'outputdim'] as const).filter(
    (field) => config[field] !== wanted[field],
  );
  if (differing.length > 0)
    throw new PermanentError(
      'CheckpointIncompatible',
      `${input.settings.name}: init differs from model in ${differing.map((field) => `${field} (${config[field]}, not ${wanted[field]})`).join(', ')}`,
    );
  return { ...config, ...(wanted.id2label ? { id2label: wanted.id2label } : {}) };
}

async function prepareTargets(
  context: JobContext,
  input: TrainInput,
  audio: CorpusAudio,
): Promise<{
  rows: TrainingRow[];
  lessons: TargetRows;
  logitShards: string[] | null;
  stored?: StoredViews;
}> {
  const { seed } = input.settings;
  const all = trainingRows(audio);
  if (input.targets.kind === 'labels') {
    const unlabelled = audio.clips.find((clip) => clip.labels === null);
    if (unlabelled)
      throw new PermanentError(
        'CorpusInvalid',
        `corpus.train: clip ${unlabelled.clip} has no labels, teaching needs them on every clip`,
      );
    return {
      rows: all,
      lessons: new LabelledTargets({ augment: input.augment, seed }),
      logitShards: null,
    };
  }
  const { logitsKey, storedViews, storedTopK, partial = false } = input.targets;
  const student = input.settings as Student;
  const [views, topK] = [student.views ?? storedViews, student.topK ?? storedTopK];
  const { audioShards } = audio;
  const told = (phase: string): ((done: number) => Promise<void>) => {
    const progress = progressMeter('shards', audioShards.length, context.monotonicMs);
    return async (done) => {
      context.onProgress({ ...progress(done), phase });
      await throwIfStopped(context);
    };
  };
  const logitShards = await verifyStoredLogits(
    context.store,
    logitsKey,
    audioShards,
    told('verifying logits'),
  );
  const tables = async function* (): AsyncGenerator<LogitTable> {
    const onShard = told('reading logits');
    let done = 0;
    for await (const table of readStoredLogits(
      context.store,
      logitsKey,
      audioShards,
      logitShards,
    )) {
      yield table;
      await onShard(++done);
    }
  };
  let hashing: ReturnType<typeof progressMeter> | undefined;
  const stored = await StoredViews.open(
    context.cache,
    sha256(logitShards.join()),
    { stored: storedViews, kept: views, topK },
    tables,
    async (doneBytes, totalBytes) => {
      hashing ??= progressMeter('bytes', totalBytes, context.monotonicMs);
      context.onProgress({ ...hashing(doneBytes), phase: 'verifying laid-out logits' });
      await throwIfStopped(context);
    },
  );
  try {
    const rows = partial ? rowsWithLogits(all, stored) : all;
    const { unseenFill, consistent } = student;
    const classes = audio.vocabulary.length;
    const settings = { unseenFill, consistent, seed, views, topK, classes, augment: input.augment };
    return {
      rows,
      lessons: new StoredTargets(rows, audioShards.length, stored, settings),
      logitShards,
      stored,
    };
  } catch (error) {
    stored.close();
    throw error;
  }
}

function continueFrom(
  state: TrainingState,
  context: JobContext,
  { settings, resume }: TrainInput,
  stepsPerEpoch: number,
): Progress {
  const sameKind = canonicalJson(state.engine) === canonicalJson(context.engine.kind);
  if (!sameKind && resume === 'exact')
    throw new PermanentError(
      'CheckpointIncompatible',
      `the checkpoint at step ${state.step} was written by ${JSON.stringify(state.engine)}, this worker is ${JSON.stringify(context.engine.kind)}; run a worker of the first kind, or set "resume": "continue"`,
    );
  const { formatVersion: _formatVersion, engine: _engine, files: _files, ...progress } = state;
  return onSchedule(
    { ...progress, bitExact: progress.bitExact && sameKind },
    settings,
    stepsPerEpoch,
  );
}

async function publishModel(
  context: JobContext,
  input: TrainJobInput,
  done: {
    config: ModelConfig;
    key: string;
    manifestKey: string;
    end: TrainingEnd;
    seconds: number;
    resumedAtStep: number;
    validation: Validation;
  },
): Promise<TrainedModel> {
  const { store } = context;
  const { config, key } = done;
  const { progress: end, atStop } = done.end;
  await beginPhase(context, 'averaging the best weights');
  const best = atStop ? withEntry(end.best, atStop.entry, input.settings.averageBest) : end.best;
  const averaged: Weights[] = [];
  for (const entry of [...best].sort((a, b) => a.step - b.step))
    averaged.push(
      entry === atStop?.entry
        ? atStop.weights
        : loadWeights(config, decodeSafetensors(await readBestWeights(store, key, entry))),
    );
  await throwIfStopped(context);
  const weights = averageWeights(averaged);
  const verdict = await done.validation.judge(
    { config, weights, precision: input.settings.precision },
    end.epoch,
    context,
  );
  const trained: TrainedModel = {
    name: input.settings.name,
    sha256: await storeModel(store, config, encodeSafetensors(weights, 'F32')),
    parameters: parameterCount(config),
    trainingKey: key,
    bestEpoch: best[0]?.epoch ?? end.epoch,
    validationMAP: verdict.mAP,
    epochs: end.epoch,
    steps: end.step,
    rowsTrained: end.rowsTrained,
    bitExact: end.bitExact,
    seconds: done.seconds,
    ...(done.resumedAtStep > 0 ? { resumedAtStep: done.resumedAtStep } : {}),
  };
  const first = await createRecordOrAdopt(store, done.manifestKey, trainingRecord, trained);
  if (first === null) return trained;
  // It was finished before, and its model was damaged since, or another attempt was faster: only
  // what it says of the attempt can differ.
  if (first.sha256 !== trained.sha256)
    throw new PermanentError(
      'LogitsMismatch',
      `${done.manifestKey}: ${first.sha256} was trained before, and now ${trained.sha256}`,
    );
  return { ...first, name: trained.name };
}
