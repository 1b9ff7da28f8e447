/**
 * Estimates the cost of a run from its run file: shards, rows, bytes, floating-point operations.
 * Only the clips' length is measured. A multiply-add counts as two operations, a training step as
 * three forward passes.
 */
import { elementCount } from '../../ced/engine/tensor';
import { learningRateFactor, lowestTrainedLayer } from '../../ced/training/learning-rates';
import { modelConfig } from '../../ced/model/shaped-config';
import { chunkPlan } from '../../ced/audio/chunks';
import { sampleRate } from '../../ced/audio/mono16k';
import { forwardOperations } from '../../ced/model/operations';
import type { ModelConfig } from '../../ced/model/config';
import { parameterCount, parameterSpecs } from '../../ced/model/parameters';
import { survivorCount, type Halving } from '../../workflows/contract/halving';
import { trainingSteps } from '../../workflows/contract/run-notes';
import type {
  ModelShape,
  Student,
  TeacherTraining,
} from '../../workflows/contract/run-file-sections';

export interface SplitEstimate {
  clips: number;
  shards: number;
  chunks: number;
  audioBytes: number;
}

/**
 * @param seconds lengths of a sample of the split's clips
 * @param furtherRates Hz at which audio is kept beside 16 kHz
 */
export function estimateSplit(
  clips: number,
  clipsPerShard: number,
  chunkSeconds: number,
  seconds: readonly number[],
  furtherRates: readonly number[] = [],
): SplitEstimate {
  const mean = (values: number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const chunks = mean(
    seconds.map((one) => chunkPlan(Math.round(one * sampleRate), chunkSeconds).length),
  );
  return {
    clips,
    shards: Math.max(1, Math.ceil(clips / clipsPerShard)),
    chunks: Math.round(clips * chunks),
    audioBytes: [sampleRate, ...furtherRates].reduce(
      (sum, rate) => sum + Math.round(clips * mean([...seconds]) * rate) * 2,
      0,
    ),
  };
}

/**
 * Bytes of logit rows with K pairs: 5 for the augmentation, 1.75 for a pair (39 to 45 a row
 * measured with K = 20, docs/decisions.md).
 */
export function logitBytes(rows: number, topK: number): number {
  return Math.round(rows * (5 + 1.75 * topK));
}

/** Bytes of kept outputs: float32 for each class, and ten int64 that say what the row is. */
export function outputBytes(rows: number, classes: number): number {
  return rows * (4 * classes + 80);
}

export interface TrainingEstimate {
  name: string;
  parameters: number;
  /** Of these, those that are not frozen. */
  trainedParameters: number;
  epochs: number;
  steps: number;
  /** To its last epoch. */
  operations: number;
  /** Two checkpoints with Adam's moments, the best weights, and the finished model. */
  checkpointBytes: number;
}

export function estimateTraining(
  settings: Student | TeacherTraining,
  chunks: number,
  chunkSeconds: number,
  classes: readonly { name: string }[],
): TrainingEstimate {
  const config = modelConfig(settings.model satisfies ModelShape, chunkSeconds, classes);
  const parameters = parameterCount(config);
  const steps = trainingSteps(settings, chunks);
  return {
    name: settings.name,
    parameters,
    epochs: settings.epochs,
    trainedParameters: trainedParameters(settings, config),
    steps,
    operations:
      (1 + 2 * backwardShare(settings, config.depth)) *
      forwardOperations(config, chunkSeconds) *
      settings.epochs *
      chunks,
    checkpointBytes: 4 * parameters * checkpointedWeights(settings),
  };
}

/** Of each parameter: two checkpoints with both moments, the best weights, the finished model. */
function checkpointedWeights({
  averaging = 'best',
  averageBest,
}: Pick<TeacherTraining, 'averaging' | 'averageBest'>): number {
  return averaging === 'ema' ? 2 * 4 + 1 + 1 : 2 * 3 + averageBest + 1;
}

/**
 * Operations of all trainings, or their hours. With halving which of them go on is not known: the
 * most it can be, if the costliest do.
 */
export function trainingOperations(
  trainings: readonly Pick<TrainingEstimate, 'epochs' | 'operations'>[],
  halving?: Halving,
): number {
  if (!halving) return trainings.reduce((sum, { operations }) => sum + operations, 0);
  const rates = trainings
    .map(({ epochs, operations }) => ({ epochs, anEpoch: operations / epochs }))
    .sort((a, b) => b.anEpoch - a.anEpoch);
  let [total, left, from] = [0, rates.length, 0];
  for (const rung of [...halving.rungs, Infinity]) {
    for (const { epochs, anEpoch } of rates.slice(0, left))
      total += anEpoch * (Math.min(rung, epochs) - from);
    [left, from] = [survivorCount(left, halving.eta), rung];
  }
  return total;
}

function trainedParameters(
  { train = 'all', headLearningRateFactor = 1, layerDecay = 1 }: Student | TeacherTraining,
  config: ModelConfig,
): number {
  const rates = { train, headLearningRateFactor, layerDecay };
  return parameterSpecs(config)
    .filter(({ name, trained }) => trained && learningRateFactor(name, rates, config.depth) > 0)
    .reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** Of the encoder's blocks, those that gradients go through. */
function backwardShare({ train = 'all' }: Pick<TeacherTraining, 'train'>, depth: number): number {
  return Math.min(1, (depth + 1 - lowestTrainedLayer(train, depth)) / depth);
}
