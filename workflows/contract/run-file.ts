/**
 * The run file: all settings of a user, checked before any work. run-file-sections.ts describes its
 * sections; this file combines them for each workflow, with the rules between them.
 */
import { z } from 'zod';
import { halvingSchema } from './halving';
import {
  augmentSchema,
  CHAMPION,
  chunkSeconds,
  corpusSchema,
  logitsSchema,
  name,
  place,
  publishedLogitsSchema,
  resume,
  selectionSchema,
  store,
  studentSchema,
  teacherSchema,
  teacherTrainingSchema,
  type Corpus,
  type Student,
} from './run-file-sections';
import { halvingRules } from './halving-rules';
import {
  distinctNames,
  epochsOrBudget,
  MOST_TRAINED,
  possibleFreeze,
  possibleGroup,
  possibleShape,
  refuse,
} from './model-rules';
import { expandSweep } from './sweep';
import { sweepRules } from './sweep-rules';
import { vocabularyTeacher } from './teacher-vocabulary';

/** All of them are in the engine's memory at once. */
const MOST_TEACHERS = 64;

const promoteSchema = z
  .strictObject({
    champion: place.describe(
      'Folder (or gs://bucket/prefix, s3://bucket/prefix) of the champion: a ledger ' +
        '`<n>.json` whose highest number is current, and the models it names. `ced champion` ' +
        'shows it.',
    ),
    minGain: z
      .number()
      .min(-1)
      .max(1)
      .default(0)
      .describe(
        'Smallest gain of eval mAP over the champion, on the same clips, that promotes a ' +
          'challenger. The first champion needs no gain.',
      ),
  })
  .describe(
    'Compares a student with the champion: the best on validation, or the first if validation ' +
      'has no labels. Needs a labelled `corpus.eval`.',
  );

const distillFields = z.strictObject({
  name: name.describe('Name of the run; its artifacts are under `runs/<name>/` in the store.'),
  store,
  corpus: corpusSchema,
  teachers: z
    .array(teacherSchema)
    .max(MOST_TEACHERS)
    .default([])
    .describe('The ensemble, in order. May be empty if `logits.published` names logits.'),
  ensemble: z
    .enum(['equal', 'weighted', 'greedy'])
    .optional()
    .describe(
      'Weights of the ensemble: those of `teachers` (`equal`, without this field), or fitted to ' +
        'the mAP of a labelled `corpus.validation` by a coordinate search (`weighted`) or by ' +
        'forward selection (`greedy`). Fitted ones are taken only if they gain on clips that ' +
        'they were not fitted on.',
    ),
  fromLabels: place
    .optional()
    .describe(
      'CED checkpoint of a model that learned from labels alone, as `teach` trains it; of the ' +
        "student's shape it says most. It is scored on `corpus.validation` beside the ensemble " +
        'and teaches nobody: the run says before any logits are computed whether the ensemble is ' +
        'below what labels alone give.',
    ),
  logits: z.union([publishedLogitsSchema, logitsSchema]).prefault({}),
  selection: selectionSchema.optional(),
  students: z
    .array(z.preprocess(epochsOrBudget<typeof studentSchema>, studentSchema))
    .min(1)
    .max(MOST_TRAINED)
    .describe('Students trained one after another from the same stored logits.'),
  halving: halvingSchema.optional(),
  resume,
  promote: promoteSchema.optional(),
});
type StatedRun = z.output<typeof distillFields>;
/** Its students are those that are trained: sweeps are expanded. */
export type DistillRun = Omit<StatedRun, 'students'> & { students: Student[] };

export const distillRunSchema = distillFields
  .superRefine((run, context) => {
    distinctNames(run.teachers, 'teachers', context);
    sweepRules(run.students, context);
    halvingRules(run, context);
    knownVocabularyTeacher(run.corpus, run.teachers, context);
    masksReachTeachers(run, context);
    evidenceForWeights(run, context);
    comparableWithLabels(run, context);
    if (run.promote && run.corpus.eval === undefined)
      refuse(
        context,
        ['corpus', 'eval'],
        'expected a labelled table: promote compares models on it',
      );
    run.students.forEach((student, index) => {
      const at = (field: string) => ['students', index, field];
      if (student.init === CHAMPION && !run.promote)
        refuse(context, at('init'), 'expected promote, which says where the champion is');
      if (!student.sweep) possibleShape(student.model, at('model'), context);
      possibleFreeze(student, ['students', index], context);
      possibleGroup(student, at('workers'), context);
      if ('published' in run.logits) return;
      const { views, topK } = run.logits;
      if ((student.views ?? 1) > views)
        refuse(context, at('views'), `expected at most logits.views = ${views}`);
      if ((student.topK ?? 1) > topK)
        refuse(context, at('topK'), `expected at most logits.topK = ${topK}`);
    });
  })
  .refine(hasTargets, {
    path: ['teachers'],
    error: 'expected at least one teacher, or logits.published',
    when: () => true,
  })
  .transform((run): DistillRun => ({ ...run, students: run.students.flatMap(expandSweep) }));

/** `retrain` takes a run file of `distill`. */
export const retrainRunSchema = distillRunSchema.refine(
  (run) => (run as { promote?: unknown }).promote !== undefined,
  {
    path: ['promote'],
    error: 'expected the champion to beat, { "champion": … }',
    when: () => true,
  },
);

export const teachRunSchema = z
  .strictObject({
    name: name.describe('Name of the run.'),
    store,
    corpus: corpusSchema,
    chunkSeconds: chunkSeconds.describe('Length of a training chunk.'),
    augment: augmentSchema.prefault({}),
    teachers: z
      .array(z.preprocess(epochsOrBudget<typeof teacherTrainingSchema>, teacherTrainingSchema))
      .min(1)
      .max(MOST_TRAINED)
      .describe('Models trained one after another from labels under fresh augmentation.'),
    resume,
  })
  .superRefine((run, context) => {
    distinctNames(run.teachers, 'teachers', context);
    knownVocabularyTeacher(run.corpus, [], context);
    run.teachers.forEach((teacher, index) => {
      possibleShape(teacher.model, ['teachers', index, 'model'], context);
      possibleFreeze(teacher, ['teachers', index], context);
      possibleGroup(teacher, ['teachers', index, 'workers'], context);
    });
  });
export type TeachRun = z.output<typeof teachRunSchema>;

function knownVocabularyTeacher(
  { vocabulary }: Corpus,
  teachers: readonly { name: string }[],
  context: z.RefinementCtx,
): void {
  const name = vocabularyTeacher(vocabulary);
  if (name === null || teachers.some((teacher) => teacher.name === name)) return;
  const names = teachers.map((teacher) => teacher.name).join(', ');
  refuse(
    context,
    ['corpus', 'vocabulary'],
    teachers.length === 0
      ? 'expected a class list: this run has no teachers'
      : `expected a class list, or teacher: and one of ${names}`,
  );
}

/** Runs on unparsed input too, so that a missing ensemble is listed with every other problem. */
function hasTargets(run: { teachers?: unknown; logits?: unknown }): boolean {
  const isPublished =
    typeof run.logits === 'object' && run.logits !== null && 'published' in run.logits;
  return isPublished || !Array.isArray(run.teachers) || run.teachers.length > 0;
}

function evidenceForWeights(
  { ensemble = 'equal', corpus, logits }: DistillRun,
  context: z.RefinementCtx,
): void {
  if (ensemble === 'equal') return;
  if ('published' in logits)
    refuse(context, ['ensemble'], "expected 'equal': published logits have their weights");
  if (corpus.validation === undefined)
    refuse(
      context,
      ['corpus', 'validation'],
      `expected a labelled table: ensemble ${ensemble} fits weights to it`,
    );
}

function comparableWithLabels(
  { fromLabels, corpus, teachers }: DistillRun,
  context: z.RefinementCtx,
): void {
  if (fromLabels === undefined) return;
  if (corpus.validation === undefined)
    refuse(
      context,
      ['corpus', 'validation'],
      'expected a labelled table: fromLabels is compared with the ensemble on it',
    );
  if (teachers.length === 0)
    refuse(context, ['fromLabels'], 'expected teachers, whose ensemble it is compared with');
}

/**
 * Whether teachers meet spectrogram masks. Published logits were computed by others, under masks:
 * here their teachers are only scored.
 */
export function hasMasks(logits: DistillRun['logits']): boolean {
  const { timeMask, freqMask } = logits.augment;
  return !('published' in logits) && (timeMask.maxFrames > 0 || freqMask.maxBins > 0);
}

function masksReachTeachers({ teachers, logits }: DistillRun, context: z.RefinementCtx): void {
  if (!hasMasks(logits)) return;
  teachers.forEach((teacher, index) => {
    // A worker says itself whether it applies them (accept-teacher.ts).
    if (teacher.format === 'ced' || teacher.format === 'worker') return;
    if (teacher.spectrogramMasks === 'skip') return;
    refuse(
      context,
      ['teachers', index, 'spectrogramMasks'],
      `masks cannot reach a teacher of format ${teacher.format}; expected 'skip', ` +
        'or logits.augment.timeMask.maxFrames and freqMask.maxBins of 0',
    );
  });
}
