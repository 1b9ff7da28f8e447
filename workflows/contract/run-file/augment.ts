/** `augment`: what happens to a chunk before it is heard. */
import { z } from 'zod';
import { fraction } from './field-types';

export const augmentSchema = z
  .strictObject({
    shift: z
      .strictObject({
        maxFraction: fraction
          .default(0.5)
          .describe('Largest circular shift as a fraction of the chunk, to either side.'),
        probability: fraction.default(0.5).describe('Share of views that are shifted at all.'),
      })
      .prefault({}),
    timeMask: z
      .strictObject({
        maxFrames: z
          .number()
          .int()
          .min(0)
          .default(192)
          .describe('Widest time mask, in 10 ms frames; 0 = none.'),
      })
      .prefault({}),
    freqMask: z
      .strictObject({
        maxBins: z
          .number()
          .int()
          .min(0)
          .max(64)
          .default(24)
          .describe('Widest frequency mask, in mel bins; 0 = none.'),
      })
      .prefault({}),
  })
  .describe(
    'Augmentation of a view: circular wave shift, one time mask, one frequency mask, drawn independently (paper, section 3).',
  );

export type Augment = z.output<typeof augmentSchema>;
