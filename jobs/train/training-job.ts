/**
 * Trains one model in the engine's process: a student from stored logits or a teacher from labels.
 * Returns a finished training at once, and resumes another from its newest verified checkpoint. The
 * result is an immutable model in the store and a manifest, written last.
 */
import { Trainer } from '../../ced/training/trainer';
import { chunkSamples, CorpusAudio } from '../../storage/corpus/corpus-audio';
import { layout } from '../../storage/layout';
import { isModelVerified } from '../../storage/models/model-folder';
import { readRecordOrQuarantine } from '../../storage/quarantine';
import { isTransient } from '../../storage/retry';
import { readLatestCheckpoint } from '../../storage/training/training-checkpoint';
import { trainingRecord } from '../../storage/training/training-manifest';
import type { TrainInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { TrainedModel } from '../../workflows/contract/models';
import { EngineStopped } from '../engine-jobs';
import { beginPhase, type JobContext } from '../job-context';
import { recordAttempt } from './attempts';
import { trainedConfig } from './model-shape';
import { prepareTargets } from './prepared-targets';
import { publishModel } from './publish-model';
import { FIRST_STEP, firstWeights, progressOf } from './starting-point';
import { trainingKey } from './training-key';
import { TrainingLoop, type Training } from './training-loop';
import { TrainingSet } from './training-set';
import { Validation } from './validation';

export type TrainJobInput = TrainInput & { attemptId: string };

export async function trainJob(context: JobContext, given: TrainJobInput): Promise<TrainedModel> {
  const input = withoutFreeze(given);
  const opened: { close(): void | Promise<void> }[] = [];
  try {
    const training = await openTraining(context, input, opened);
    const manifestKey = layout.trainingManifest(training.key, input.stopAfterEpoch);
    const finished = await readRecordOrQuarantine(context.store, manifestKey, trainingRecord);
    if (finished && (await isModelVerified(context.store, finished.sha256)))
      return { ...finished, name: input.settings.name };
    return await attempt(context, input, training);
  } finally {
    for (const each of opened.reverse()) await each.close();
  }
}

/** Random weights are not frozen: a student whose champion there is not yet starts from them. */
function withoutFreeze(input: TrainJobInput): TrainJobInput {
  return input.init === null ? { ...input, settings: { ...input.settings, train: 'all' } } : input;
}

/** @param opened gets what the caller closes, also where this throws */
async function openTraining(
  context: JobContext,
  input: TrainJobInput,
  opened: { close(): void | Promise<void> }[],
): Promise<Training> {
  const { planKey, settings, stopAfterEpoch } = input;
  await beginPhase(context, 'reading the corpus');
  const audio = await CorpusAudio.open(context.store, planKey, 'train', { job: context });
  opened.push(audio);
  const validation = await Validation.open(context, input);
  opened.push(validation);
  const { config, start } = await trainedConfig(context.store, input, audio.vocabulary);
  const prepared = await prepareTargets(context, input, audio);
  opened.push(prepared);
  const { rows, targets, logitShards } = prepared;
  const key = trainingKey(input, {
    config,
    ...(start?.transfer.head ? { head: start.transfer.head } : {}),
    trainContentSha256: audio.contentSha256,
    validationContentSha256: validation.contentSha256,
    logitShards,
    ...(validation.comparedWith === null ? {} : { comparedWith: validation.comparedWith }),
    ...(validation.unscored.length === 0 ? {} : { unscored: validation.unscored }),
  });
  const { batchSize, mixup, seed } = settings;
  const samples = chunkSamples(input.chunkSeconds);
  const data = new TrainingSet(audio, rows, targets, { batchSize, mixup, seed, samples });
  return { key, config, start, data, validation, settings, stopAfterEpoch };
}

async function attempt(
  context: JobContext,
  input: TrainJobInput,
  training: Training,
): Promise<TrainedModel> {
  const { store, engine } = context;
  const { key, config, start, data, settings } = training;
  const startedMs = context.monotonicMs();
  await beginPhase(context, 'reading the checkpoint');
  const resumed = await readLatestCheckpoint(store, key, config);
  const firstStep = resumed?.state.step ?? 0;
  const forgetAttempt = await recordAttempt(store, key, input.attemptId, firstStep);
  const at = resumed
    ? progressOf(resumed.state, context, input, data.stepsPerEpoch)
    : structuredClone(FIRST_STEP);
  const initial =
    resumed?.trainer ?? (await firstWeights(context, { config, start }, settings.seed));
  const trainer = new Trainer(engine, config, initial, settings);
  try {
    const end = await new TrainingLoop(context, training, trainer, at).run();
    const planned = at.epoch * data.rows.length;
    if (at.rowsTrained !== planned)
      throw new PermanentError(
        'LogitsMismatch',
        `${settings.name}: ${planned} rows planned, ${at.rowsTrained} trained on`,
      );
    // A stop at an epoch gone by takes no step: that is no sign of something that kills attempts.
    if (input.stopAfterEpoch !== null && at.step === firstStep) await forgetAttempt();
    return await publishModel(context, training, end, {
      seconds: (context.monotonicMs() - startedMs) / 1000,
      ...(firstStep > 0 ? { resumedAtStep: firstStep } : {}),
    });
  } catch (error) {
    // A disk may stay full for hours, and an attempt may be stopped before its first step, any
    // number of times: neither is a sign of something that kills attempts.
    const isStopped = error instanceof EngineStopped && at.step === firstStep;
    if (isTransient(error) || isStopped) await forgetAttempt().catch(() => undefined);
    throw error;
  } finally {
    trainer.dispose();
  }
}
