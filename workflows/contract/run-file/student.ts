/** A model of `students`: trained from stored logits. */
import { z } from 'zod';
import { count, place } from './field-types';
import { trainingFields } from './training';

/** `init` of a student that starts from the weights of the champion. */
export const CHAMPION = 'champion';

export const studentSchema = z.strictObject({
  ...trainingFields,
  init: place
    .nullable()
    .default(null)
    .describe(
      `CED checkpoint folder to start from, or \`${CHAMPION}\`: the one of \`promote.champion\`, while there is none from \`seed\`. null starts afresh from \`seed\`.`,
    ),
  unseenFill: z
    .enum(['zero', 'lastMean', 'lastHalf'])
    .default('zero')
    .describe(
      'Target of classes outside the stored top-K: 0, smallest stored / (C − K), or smallest stored / 2.',
    ),
  views: count.optional().describe('Stored views the student reads, a prefix; all by default.'),
  topK: count
    .optional()
    .describe('Stored probabilities the student reads, the largest; all by default.'),
  consistent: z
    .boolean()
    .default(true)
    .describe(
      'false = the ablation: the student draws its own augmentation instead of replaying the stored one.',
    ),
});

export type Student = z.output<typeof studentSchema>;
