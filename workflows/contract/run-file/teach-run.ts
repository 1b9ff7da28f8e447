/** The run file of `teach`: teachers of one's own, from labels. */
import { z } from 'zod';
import { augmentSchema } from './augment';
import { corpusSchema } from './corpus';
import { distinctNames } from './distinct-names';
import { chunkSeconds, name, resume, store } from './field-types';
import { divisibleHeads } from './model';
import { teacherTrainingSchema } from './training';

export const teachRunSchema = z
  .strictObject({
    name: name.describe('Name of the run.'),
    store,
    corpus: corpusSchema,
    chunkSeconds: chunkSeconds.describe('Length of a training chunk.'),
    augment: augmentSchema.prefault({}),
    teachers: z
      .array(teacherTrainingSchema)
      .min(1)
      .describe('Models trained one after another from labels under fresh augmentation.'),
    resume,
  })
  .superRefine((run, context) => {
    distinctNames(run.teachers, 'teachers', context);
    run.teachers.forEach((teacher, index) =>
      divisibleHeads(teacher.model, ['teachers', index], context),
    );
  });

export type TeachRun = z.output<typeof teachRunSchema>;
