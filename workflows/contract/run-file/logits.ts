/**
 * `logits`: what teachers hear and how much of what they say is kept, or logits that somebody
 * published.
 */
import { z } from 'zod';
import { augmentSchema } from './augment';
import { chunkSeconds, count, place, precision, seed } from './field-types';

export const logitsSchema = z.strictObject({
  views: count
    .max(65_535)
    .default(10)
    .describe('Augmented views of each chunk that teachers hear and students replay.'),
  topK: count.max(65_535).default(20).describe('Largest probabilities kept of each view.'),
  chunkSeconds: chunkSeconds.describe('Length of a chunk; a remainder of at least half is kept.'),
  seed: seed.default(42).describe('Seed of the augmentation draws.'),
  precision: precision.describe("Precision of the teachers' matrix products."),
  augment: augmentSchema.prefault({}),
});

export const publishedLogitsSchema = z.strictObject({
  published: place.describe(
    "Folder of the paper's published logits, `logits_ep*_*.h5` and `.parquet`: students learn from them instead of an ensemble of one's own.",
  ),
  chunkSeconds: chunkSeconds.describe('Length of a chunk in them.'),
  augment: augmentSchema.prefault({}),
});

export type LogitsSettings = z.output<typeof logitsSchema>;
export type PublishedLogits = z.output<typeof publishedLogitsSchema>;
