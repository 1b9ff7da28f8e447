/**
 * The run file of `distill` and `retrain`: everything a user can set, checked before any work.
 * Unknown keys are errors, and every problem names the path to its field. The reference in
 * docs/run-file.md is generated from these schemas (`npm run docs`), so a field is documented here
 * or nowhere.
 */
import { z } from 'zod';
import { corpusSchema } from './corpus';
import { distinctNames } from './distinct-names';
import { name, place, resume, store } from './field-types';
import { logitsSchema, publishedLogitsSchema } from './logits';
import { divisibleHeads } from './model';
import { CHAMPION, studentSchema } from './student';
import { teacherSchema } from './teacher';

const promoteSchema = z
  .strictObject({
    champion: place.describe(
      'Folder (or gs://bucket/prefix) of the champion: a ledger `<n>.json` of which the highest number counts, and the models it names. `ced champion` shows it.',
    ),
    minGain: z
      .number()
      .min(-1)
      .max(1)
      .default(0)
      .describe(
        'Least eval mAP, above the champion’s on the same clips, that a challenger is promoted for. The first needs none.',
      ),
  })
  .describe(
    'Puts a student up against the champion: the one that is best on validation, or the first where validation has no labels. Needs a labelled `corpus.eval`.',
  );

export const distillRunSchema = z
  .strictObject({
    name: name.describe('Name of the run; artifacts meet under `runs/<name>/` in the store.'),
    store,
    corpus: corpusSchema,
    teachers: z
      .array(teacherSchema)
      .default([])
      .describe('The ensemble, in order. May be empty where `logits.published` names logits.'),
    logits: z.union([publishedLogitsSchema, logitsSchema]).prefault({}),
    students: z
      .array(studentSchema)
      .min(1)
      .describe('Students trained one after another from the same stored logits.'),
    resume,
    promote: promoteSchema.optional(),
  })
  .superRefine((run, context) => {
    distinctNames(run.teachers, 'teachers', context);
    distinctNames(run.students, 'students', context);
    masksReachTeachers(run.teachers, run.logits, context);
    if (run.promote && run.corpus.eval === undefined)
      context.addIssue({
        code: 'custom',
        path: ['corpus', 'eval'],
        message: 'expected a labelled table: promote compares models on it',
      });
    run.students.forEach((student, index) => {
      const path = ['students', index];
      if (student.init === CHAMPION && !run.promote)
        context.addIssue({
          code: 'custom',
          path: [...path, 'init'],
          message: 'expected promote, which says where the champion is',
        });
      divisibleHeads(student.model, path, context);
      if ('published' in run.logits) return;
      if ((student.views ?? 1) > run.logits.views)
        context.addIssue({
          code: 'custom',
          path: [...path, 'views'],
          message: `expected at most logits.views = ${run.logits.views}`,
        });
      if ((student.topK ?? 1) > run.logits.topK)
        context.addIssue({
          code: 'custom',
          path: [...path, 'topK'],
          message: `expected at most logits.topK = ${run.logits.topK}`,
        });
    });
  })
  .refine(hasTargets, {
    path: ['teachers'],
    error: 'expected at least one teacher, or logits.published',
    when: () => true,
  });

/** `retrain` takes a run file of `distill`. */
export const retrainRunSchema = distillRunSchema.refine(
  (run) => (run as { promote?: unknown }).promote !== undefined,
  {
    path: ['promote'],
    error: 'expected the champion to beat, { "champion": … }',
    when: () => true,
  },
);

/**
 * Runs on unparsed input too, so that a missing ensemble is told together with every other problem.
 */
function hasTargets(run: { teachers?: unknown; logits?: unknown }): boolean {
  const isPublished =
    typeof run.logits === 'object' && run.logits !== null && 'published' in run.logits;
  return isPublished || !Array.isArray(run.teachers) || run.teachers.length > 0;
}

/** Published logits were heard by others, under masks: here their teachers are only scored. */
function masksReachTeachers(
  teachers: readonly z.output<typeof teacherSchema>[],
  logits: z.output<typeof logitsSchema> | z.output<typeof publishedLogitsSchema>,
  context: z.RefinementCtx,
): void {
  const { timeMask, freqMask } = logits.augment;
  if ('published' in logits || (timeMask.maxFrames === 0 && freqMask.maxBins === 0)) return;
  teachers.forEach((teacher, index) => {
    if (teacher.format === 'ced' || teacher.spectrogramMasks === 'skip') return;
    context.addIssue({
      code: 'custom',
      path: ['teachers', index, 'spectrogramMasks'],
      message: `masks cannot reach a teacher of format ${teacher.format}; expected 'skip', or logits.augment.timeMask.maxFrames and freqMask.maxBins of 0`,
    });
  });
}

export type DistillRun = z.output<typeof distillRunSchema>;
