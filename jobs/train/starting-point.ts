/** Where an attempt begins: at step 0, or at the newest checkpoint. */
import { canonicalJson } from '../../ced/canonical-json';
import { initialWeights } from '../../ced/model/initial-weights';
import { transferredWeights } from '../../ced/model/transfer';
import type { Weights } from '../../ced/model/weights';
import type { TrainerState } from '../../ced/training/trainer';
import { onSchedule } from '../../ced/training/validation-schedule';
import { loadModel } from '../../storage/models/model-folder';
import {
  readLatestCheckpoint,
  type Progress,
  type TrainingState,
} from '../../storage/training/training-checkpoint';
import type { TrainInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import { beginPhase, type JobContext } from '../job-context';
import type { StartingShape } from './model-shape';
import type { Training } from './training-steps';

const FIRST_STEP: Readonly<Progress> = {
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

/** Where a training begins or goes on. */
export interface StartingPoint {
  readonly at: Progress;
  readonly initial: TrainerState | Weights;
}

/** The newest checkpoint, or the first weights. @throws {PermanentError} as `progressOf` */
export async function newestStart(
  context: JobContext,
  input: TrainInput,
  training: Training,
): Promise<StartingPoint> {
  const { key, config, settings, data } = training;
  await beginPhase(context, 'reading the checkpoint');
  const resumed = await readLatestCheckpoint(context.store, key, config);
  return resumed
    ? {
        at: progressOf(resumed.state, context, input, data.stepsPerEpoch),
        initial: resumed.trainer,
      }
    : {
        at: structuredClone(FIRST_STEP),
        initial: await firstWeights(context, training, settings.seed),
      };
}

/** Of step 0: what is taken over from `init`, or drawn from the seed. */
async function firstWeights(
  { store }: Pick<JobContext, 'store'>,
  { config, start }: StartingShape,
  seed: number,
): Promise<Weights> {
  if (start === null) return initialWeights(config, seed);
  const { weights } = await loadModel(store, start.sha256);
  return transferredWeights(weights, start.transfer, seed);
}

/**
 * The progress of a checkpoint, bit-exact if an engine of this kind wrote it.
 * @throws {PermanentError} if another kind did and the run demands exact results
 */
function progressOf(
  state: TrainingState,
  context: JobContext,
  { settings, resume }: TrainInput,
  stepsPerEpoch: number,
): Progress {
  const isSameKind = canonicalJson(state.engine) === canonicalJson(context.engine.kind);
  if (!isSameKind && resume === 'exact')
    throw new PermanentError(
      'CheckpointIncompatible',
      `the checkpoint at step ${state.step} was written by ${JSON.stringify(state.engine)}, ` +
        `this worker is ${JSON.stringify(context.engine.kind)}; ` +
        `run a worker of the first kind, or set "resume": "continue"`,
    );
  const { formatVersion: _formatVersion, engine: _engine, files: _files, ...progress } = state;
  const bitExact = progress.bitExact && isSameKind;
  return onSchedule({ ...progress, bitExact }, settings, stepsPerEpoch);
}
