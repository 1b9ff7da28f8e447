/** What a run says of itself that a user can act on: a sentence with its number and what to do. */
import { z } from 'zod';

export const hintSchema = z.object({
  kind: z.enum([
    'still learning',
    'below labels',
    'uneven classes',
    'few clips of a class',
    'wide masks',
  ]),
  /** Name of the model, or of the split or setting. */
  about: z.string(),
  /** Its number: a gain, a count, a share. */
  value: z.number(),
  /** Half the 95 % interval of the number; absent where it is exact. */
  error: z.exactOptional(z.number()),
  text: z.string(),
});
export type Hint = z.output<typeof hintSchema>;
