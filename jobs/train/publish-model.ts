/** The end of a training: the mean of its best weights as a model, then its manifest. */
import { parameterCount } from '../../ced/model/parameters';
import { decodeSafetensors, encodeSafetensors } from '../../ced/model/safetensors';
import { loadWeights, type Weights } from '../../ced/model/weights';
import { averageWeights } from '../../ced/training/averaging';
import { withEntry, type BestEntry } from '../../ced/training/best-list';
import { layout } from '../../storage/layout';
import { storeModel } from '../../storage/models/model-folder';
import { keepThresholds } from '../../storage/models/model-thresholds';
import { createRecordOrAdopt } from '../../storage/quarantine';
import { readBestWeights } from '../../storage/training/best-weights';
import { readMetrics } from '../../storage/training/metrics-segment';
import { trainingRecord } from '../../storage/training/training-manifest';
import { PermanentError } from '../../workflows/contract/failures';
import type { TrainedModel } from '../../workflows/contract/models';
import { beginPhase, throwIfStopped, type JobContext } from '../job-context';
import { learningHint } from './learning-hint';
import type { Start } from './model-shape';
import type { TrainingEnd } from './training-loop';
import type { Training } from './training-steps';

/** What the manifest says of the attempt that finished the training. */
type Attempt = Pick<TrainedModel, 'seconds' | 'resumedAtStep'>;

export async function publishModel(
  context: JobContext,
  training: Training,
  end: TrainingEnd,
  attempt: Attempt,
): Promise<TrainedModel> {
  const { store } = context;
  const { key, config, settings, validation } = training;
  const { progress } = end;
  await beginPhase(context, 'averaging the best weights');
  const best = bestOf(training, end);
  const averaged = await weightsInStepOrder(context, training, end, best);
  await throwIfStopped(context);
  const weights = averageWeights(averaged);
  const { precision } = settings;
  const { result, thresholds } = await validation.evaluateLast(
    { config, weights, precision },
    progress.epoch,
    context,
  );
  const { mAP, divergence } = result;
  const modelSha256 = await storeModel(store, config, encodeSafetensors(weights, 'F32'));
  if (thresholds) await keepThresholds(store, modelSha256, thresholds);
  const trained: TrainedModel = {
    name: settings.name,
    sha256: modelSha256,
    parameters: parameterCount(config),
    trainingKey: key,
    bestEpoch: best[0]?.epoch ?? progress.epoch,
    validationMAP: mAP,
    ...(divergence === undefined ? {} : { validationDivergence: divergence }),
    ...(training.start === null ? {} : { startedFrom: startedFrom(training.start) }),
    epochs: progress.epoch,
    steps: progress.step,
    rowsTrained: progress.rowsTrained,
    ...(training.leftOutClips > 0 ? { leftOutClips: training.leftOutClips } : {}),
    bitExact: progress.bitExact,
    ...attempt,
    ...(await hintsOf(context, training, end)),
  };
  const manifestKey = layout.trainingManifest(key, training.stopAfterEpoch);
  const first = await createRecordOrAdopt(store, manifestKey, trainingRecord, trained);
  if (first === null) return trained;
  // The training was finished before and its model damaged since, or another attempt was faster:
  // the manifests may differ in what they say of the attempt only.
  if (first.sha256 !== trained.sha256)
    throw new PermanentError(
      'LogitsMismatch',
      `${manifestKey}: ${first.sha256} was trained before, and now ${trained.sha256}`,
    );
  return { ...first, name: trained.name };
}

/** Of a training that ran to its last epoch. */
async function hintsOf(
  { store }: JobContext,
  { key, settings, learnsFromLabels }: Training,
  { progress }: TrainingEnd,
): Promise<Pick<TrainedModel, 'hints'>> {
  const { epochs, name } = settings;
  if (progress.epoch < epochs) return {};
  const lines = await readMetrics(store, key, progress.step);
  const hint = learningHint({ name, epochs, fromLabels: learnsFromLabels }, lines);
  return hint === null ? {} : { hints: [hint] };
}

function startedFrom({ sha256, transfer }: Start): NonNullable<TrainedModel['startedFrom']> {
  const { classesTaken, positions } = transfer;
  return { sha256, classes: classesTaken, ...(positions === null ? {} : { positions }) };
}

function bestOf({ settings }: Training, { progress, atStop }: TrainingEnd): BestEntry[] {
  return atStop ? withEntry(progress.best, atStop.entry, settings.averageBest) : progress.best;
}

async function weightsInStepOrder(
  { store }: JobContext,
  { key, config }: Training,
  { atStop }: TrainingEnd,
  best: readonly BestEntry[],
): Promise<Weights[]> {
  const weights: Weights[] = [];
  for (const entry of [...best].sort((a, b) => a.step - b.step))
    weights.push(
      entry === atStop?.entry
        ? atStop.weights
        : loadWeights(config, decodeSafetensors(await readBestWeights(store, key, entry))),
    );
  return weights;
}
