/** Where an attempt begins: at step 0, or at the newest checkpoint. */
import { canonicalJson } from '../../ced/canonical-json';
import { initialWeights } from '../../ced/model/initial-weights';
import { withNewHead } from '../../ced/model/new-head';
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

/** Of step 0: those of `init`, with a new head for other classes, or drawn from the seed. */
export async function firstWeights(
  context: JobContext,
  { init, settings }: TrainInput,
  { config, head }: StartingShape,
): Promise<Weights> {
  if (!init) return initialWeights(config, settings.seed);
  const { weights } = await loadModel(context.store, init.sha256);
  return head ? withNewHead(weights, head, config, settings.seed) : weights;
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
