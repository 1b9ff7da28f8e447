/** `corpus`: which clips there are. */
import { z } from 'zod';
import { count, fraction, place } from './field-types';

export const corpusSchema = z.strictObject({
  train: place.describe(
    'Table of training clips: JSONL `{"clip","audio","labels"?}`, TSV, CSV or WebDataset shards (docs/formats.md). `distill` never reads its labels.',
  ),
  validation: place
    .optional()
    .describe('Table of clips that pick the best checkpoint. May be unlabelled.'),
  eval: place.optional().describe('Table of clips that only report. May be unlabelled.'),
  vocabulary: place.describe("Class list in AudioSet's columns `index,mid,display_name`."),
  clipsPerShard: count
    .max(65_536)
    .default(512)
    .describe('Clips in one audio shard: the unit of retry for ingest and logits.'),
  maxRejected: fraction
    .default(0.01)
    .describe('Share of unreadable clips above which a stage fails with CorpusInvalid.'),
});

export type Corpus = z.output<typeof corpusSchema>;
