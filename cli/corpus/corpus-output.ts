/** What `ced corpus` and `ced init` print with --json. */
import { z } from 'zod';
import { duplicatesSchema } from '../../storage/corpus/content-index';

const formatVersion = z.literal(1);
const count = z.number().int();

export const corpusOutputSchema = z
  .object({
    formatVersion,
    splits: z.array(
      z.object({
        split: z.enum(['train', 'validation', 'eval']),
        ...{ table: z.string(), clips: count, hours: z.number() },
        shortestSeconds: z.number().nullable(),
        longestSeconds: z.number().nullable(),
        labelled: count.describe('Clips with labels.'),
        classes: count.describe('With a clip.'),
        emptyClasses: count,
        labels: z.record(z.string(), count).describe('Clips of each class, the most first.'),
        rejected: z.array(
          z.object({
            kind: z.string().describe('The reason without names and numbers.'),
            count,
            examples: z.array(z.object({ clip: z.string(), reason: z.string() })),
          }),
        ),
        notes: z.array(z.string()),
        duplicates: duplicatesSchema.describe('Clips with the same audio as another.'),
      }),
    ),
    overlaps: duplicatesSchema.describe('Training clips that are in validation or eval too.'),
    problems: z.array(z.string()).describe('For which a run would refuse the corpus.'),
  })
  .describe('ced corpus TABLE… --json, ced corpus RUN.json --json');
export type CorpusOutput = z.output<typeof corpusOutputSchema>;

export const initOutputSchema = z
  .object({
    formatVersion,
    found: z.object({
      layout: z.string(),
      clips: count,
      classes: count,
      splits: z.object({ train: count, validation: count, eval: count }),
    }),
    folder: z.string().describe('Of the project.'),
    files: z.array(z.string()).describe('Written into it.'),
    reasons: z.array(z.string()).describe('Of the settings.'),
    notes: z.array(z.string()),
    commands: z.array(z.string()).describe('What to run next, one after the other.'),
    check: z.string().describe('The command that checks the tables alone.'),
  })
  .describe('ced init FOLDER --json');
export type InitOutput = z.output<typeof initOutputSchema>;
