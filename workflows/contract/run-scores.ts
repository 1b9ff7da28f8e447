/**
 * `scores.json` of a run: average precision of every model and class on eval, from which two runs
 * are compared when their models are gone.
 */
import { z } from 'zod';

export const runScoresSchema = z.object({
  formatVersion: z.literal(1),
  /** Of eval. */
  clips: z.number(),
  /** In the vocabulary's order; empty without labels. */
  classes: z.array(z.object({ name: z.string(), positives: z.number() })),
  models: z.array(
    z.object({
      role: z.enum(['teacher', 'ensemble', 'student']),
      name: z.string(),
      /** null = not known. */
      parameters: z.number().nullable(),
      mAP: z.number().nullable(),
      /** [classes], null for a class without a positive; empty without labels. */
      perClass: z.array(z.number().nullable()),
    }),
  ),
});
export type RunScores = z.output<typeof runScoresSchema>;
