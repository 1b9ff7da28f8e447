/** `logits/<key>/manifest.json`: everything that the key hashes. */
import { z } from 'zod';
import { record } from '../record';

/** Of logits that an ensemble of one's own computed. */
const computedSchema = z.object({
  /** In run-file order. */
  teachers: z.array(
    z.object({
      weightsSha256: z.string(),
      weight: z.number(),
      output: z.enum(['probabilities', 'logits']),
      classMap: z.array(z.number()),
      frontEnd: z.string(),
      /** Of a teacher that is a worker. */
      teacherKey: z.exactOptional(z.string()),
    }),
  ),
  precision: z.string(),
  chunkSeconds: z.number(),
  views: z.number(),
  topK: z.number(),
  seed: z.number(),
  augment: z.object({
    shift: z.object({ maxFraction: z.number(), probability: z.number() }),
    timeMask: z.object({ maxFrames: z.number() }),
    freqMask: z.object({ maxBins: z.number() }),
  }),
});

/** Of logits that others published. */
const publishedSchema = z.object({
  importVersion: z.number(),
  /** View, rank and SHA-256 of both files of each part. */
  published: z.array(z.array(z.union([z.string(), z.number()]))),
  chunkSeconds: z.number(),
  views: z.number(),
});

export type ComputedDescription = z.output<typeof computedSchema>;

export const descriptionRecord = record(
  'description of logits',
  1,
  z.union([computedSchema, publishedSchema]),
);
