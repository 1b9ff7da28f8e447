/** Where an attempt begins: at step 0, or at the newest checkpoint. */
import { canonicalJson } from '../../ced/canonical-json';
import { initialWeights } from '../../ced/model/initial-weights';
import { transferredWeights } from '../../ced/model/transfer';
import type { Weights } from '../../ced/model/weights';
import { onSchedule } from '../../ced/training/validation-schedule';
import { loadModel } from '../../storage/models/model-folder';
import type { Progress, TrainingState } from '../../storage/training/training-checkpoint';
import type { TrainInput } from '../../workflows/contract/activities';
import { PermanentError } from '../../workflows/contract/failures';
import type { JobContext } from '../job-context';
import type { StartingShape } from './model-shape';

export const FIRST_STEP: Readonly<Progress> = {
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

/** Of step 0: what is taken over from `init`, or drawn from the seed. */
export async function firstWeights(
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
export function progressOf(
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
