/**
 * Trains one model in the engine's process: a student from stored logits or a teacher from labels.
 * Returns a finished training at once, and resumes another from its newest verified checkpoint. The
 * result is an immutable model in the store and a manifest, written last.
 */
import { GroupLost } from '../../ced/engine/group';
import type { Trainer } from '../../ced/training/trainer';
import { chunkSamples, CorpusAudio } from '../../storage/corpus/corpus-audio';
import { layout } from '../../storage/layout';
import { isModelVerified } from '../../storage/models/model-folder';
import { readRecordOrQuarantine } from '../../storage/quarantine';
import { isTransient } from '../../storage/retry';
import { trainingRecord } from '../../storage/training/training-manifest';
import type { MeasuredModel, TrainInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { TrainedModel } from '../../workflows/contract/models';
import { EngineStopped } from '../engine-jobs';
import { beginPhase, type JobContext } from '../job-context';
import { recordAttempt } from './attempts';
import { takePart } from './group-member';
import { GroupTurn } from './group-turn';
import { measuredBy } from './measured-epoch';
import { trainedConfig } from './model-shape';
import { prepareTargets } from './prepared-targets';
import { publishModel } from './publish-model';
import { newestStart, type StartingPoint } from './starting-point';
import { trainingKey } from './training-key';
import { MembersChange, TrainingLoop, type TrainingEnd } from './training-loop';
import { TrainingSet } from './training-set';
import type { Training } from './training-steps';
import { Validation } from './validation';

export type TrainJobInput = TrainInput & { attemptId: string };

interface Closable {
  close(): void | Promise<void>;
}

export async function trainJob(context: JobContext, given: TrainJobInput): Promise<MeasuredModel> {
  const trained = await finishTraining(context, withAveraging(withoutFreeze(given)));
  const { measureEpoch } = given;
  if (measureEpoch === undefined) return trained;
  return { ...trained, measured: await measuredBy(context.store, trained, measureEpoch) };
}

async function finishTraining(context: JobContext, input: TrainJobInput): Promise<TrainedModel> {
  const opened: Closable[] = [];
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
function withoutFreeze<Input extends TrainInput>(input: Input): Input {
  return input.init === null ? { ...input, settings: { ...input.settings, train: 'all' } } : input;
}

/** A moving average is not averaged again: the best validated one is the model. */
function withAveraging<Input extends TrainInput>(input: Input): Input {
  return input.settings.averaging === 'ema'
    ? { ...input, settings: { ...input.settings, averageBest: 1 } }
    : input;
}

/** @param opened gets what the caller closes, also where this throws */
async function openTraining(
  context: JobContext,
  input: TrainInput,
  opened: Closable[],
): Promise<Training> {
  const { planKey, settings, stopAfterEpoch, leaveOut = [] } = input;
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
  const learnsFromLabels = input.targets.kind === 'labels';
  const training = { key, config, start, data, validation, settings, learnsFromLabels };
  return { ...training, stopAfterEpoch, leftOutClips: leaveOut.length };
}

/** A member's part in a training that another worker leads. */
export async function takePartJob(context: JobContext, given: TrainInput): Promise<null> {
  const { group } = context;
  if (!group) throw new Error('nothing leads to the leader of this training');
  const input = withAveraging(withoutFreeze(given));
  const opened: Closable[] = [];
  try {
    await takePart(context, input, await openTraining(context, input, opened), group);
    return null;
  } finally {
    for (const each of opened.reverse()) await each.close();
  }
}

async function attempt(
  context: JobContext,
  input: TrainJobInput,
  training: Training,
): Promise<TrainedModel> {
  const { store } = context;
  const { key, data, settings } = training;
  const startedMs = context.monotonicMs();
  let begun = await newestStart(context, input, training);
  const firstStep = begun.at.step;
  const forgetAttempt = await recordAttempt(store, key, input.attemptId, firstStep);
  try {
    let end: TrainingEnd | null = null;
    while ((end = await trainInTurn(context, training, begun)) === null)
      begun = await newestStart(context, input, training);
    const { at } = begun;
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
    const isStopped = error instanceof EngineStopped && begun.at.step === firstStep;
    if (isTransient(error) || isStopped) await forgetAttempt().catch(() => undefined);
    throw error;
  }
}

/**
 * Trains alone, or as the leader of the group of those who are there.
 * @returns null when the group ended: then the newest checkpoint counts
 */
async function trainInTurn(
  context: JobContext,
  training: Training,
  { at, initial }: StartingPoint,
): Promise<TrainingEnd | null> {
  const { engine, group: link = null } = context;
  const next = await link?.generation(training.key, engine.kind, at.step);
  const turn = new GroupTurn(link, next?.group ?? null);
  let trainer: Trainer | null = null;
  try {
    trainer = turn.begin(engine, training, initial);
    return await new TrainingLoop(context, training, trainer, turn, at).run();
  } catch (error) {
    if (error instanceof GroupLost || error instanceof MembersChange) return null;
    throw error;
  } finally {
    trainer?.dispose();
  }
}
