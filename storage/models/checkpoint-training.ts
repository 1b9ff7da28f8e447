/** `ced-training.json`: what a training says of itself, beside the checkpoint that it gave. */
import { z } from 'zod';
import { hintSchema, type Hint } from '../../workflows/contract/hints';
import type { TrainedModel } from '../../workflows/contract/models';
import { sha256 } from '../store';

export const TRAINING_FILE = 'ced-training.json';
/** Far more than is written. */
export const LARGEST_TRAINING_BYTES = 2 ** 16;

const checkpointTrainingSchema = z.object({
  formatVersion: z.literal(1),
  /** Of the weights beside it: other weights had another training. */
  weightsSha256: z.string(),
  /** Of the model in the run that trained it. */
  name: z.string(),
  epochs: z.number(),
  steps: z.number(),
  validationMAP: z.number().nullable(),
  /** What its curve says; empty = nothing. */
  hints: z.array(hintSchema),
});
type CheckpointTraining = z.output<typeof checkpointTrainingSchema>;

/** @param weights as they are written beside it */
export function checkpointTraining(model: TrainedModel, weights: Uint8Array): CheckpointTraining {
  const { name, epochs, steps, validationMAP, hints = [] } = model;
  const weightsSha256 = sha256(weights);
  return { formatVersion: 1, weightsSha256, name, epochs, steps, validationMAP, hints };
}

/**
 * @returns none for other weights than the training's; null for what is no such file, or one of a
 *   later version
 */
export function hintsOfTraining(bytes: Uint8Array, weights: Uint8Array): Hint[] | null {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
  const parsed = checkpointTrainingSchema.safeParse(json);
  if (!parsed.success) return null;
  return parsed.data.weightsSha256 === sha256(weights) ? parsed.data.hints : [];
}
