/** How a model is trained, be it from stored logits or from labels. */
import { z } from 'zod';
import { count, fraction, name, place, precision, seed } from './field-types';
import { modelSchema } from './model';

export const trainingFields = {
  name: name.describe('Name in reports and file names.'),
  model: modelSchema,
  init: place
    .nullable()
    .default(null)
    .describe('CED checkpoint folder to start from; null starts afresh from `seed`.'),
  epochs: count.default(300).describe('Passes over the training chunks.'),
  batchSize: count.max(4096).default(128).describe('Chunks a step.'),
  gradientAccumulation: count
    .max(4096)
    .default(1)
    .describe(
      'Parts a batch is computed in, one after the other: less memory, the same gradient but for batch norm, which sees each part alone.',
    ),
  learningRate: z.number().positive().default(1e-3).describe('Peak learning rate of Adam.'),
  warmupSteps: z
    .number()
    .int()
    .min(0)
    .default(5000)
    .describe('Steps of linear warm-up before the cosine.'),
  finalLearningRateFraction: fraction
    .default(0.1)
    .describe('Where the cosine ends, as a fraction of `learningRate`.'),
  mixup: z
    .number()
    .min(0)
    .default(0.5)
    .describe('Alpha of the Beta distribution of mixup; 0 = none.'),
  validateEvery: count
    .default(5)
    .describe('Epochs between validations; the last epoch is always validated.'),
  earlyStop: z
    .number()
    .int()
    .min(0)
    .default(10)
    .describe('Stop after this many validations without a new best; 0 = never.'),
  averageBest: count
    .max(64)
    .default(4)
    .describe('How many best checkpoints are averaged into the final weights.'),
  weightDecay: z
    .number()
    .min(0)
    .default(0)
    .describe('Decoupled weight decay (AdamW) of every trained parameter; 0 = plain Adam.'),
  clipNorm: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Global gradient norm above which gradients are scaled down; null = off.'),
  precision: precision.describe('Precision of matrix products; weights and sums stay float32.'),
  checkpointSeconds: z
    .number()
    .positive()
    .default(120)
    .describe('Most training time a kill can cost.'),
  seed: seed.default(1).describe('Seed of initial weights, order of chunks and mixup.'),
};

export const teacherTrainingSchema = z.strictObject(trainingFields);

export type TeacherTraining = z.output<typeof teacherTrainingSchema>;
