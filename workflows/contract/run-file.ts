/**
 * The run file: everything a user can set, checked before any work. Unknown keys are errors, and every problem names the path to its field.
 * The reference in docs/run-file.md is generated from these schemas (`npm run docs`), so a field is documented here or nowhere.
 */
import { z } from 'zod';
import { carriesCredential, CREDENTIAL_REFUSED } from './credentials';

const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, 'expected 1 to 64 of a-z, 0-9 and -, not at either end a -');
const place = z
  .string()
  .min(1, 'expected a path or URI')
  .refine((address) => !carriesCredential(address), CREDENTIAL_REFUSED);
const count = z.number().int().min(1);
const fraction = z.number().min(0).max(1);

export const augmentSchema = z
  .strictObject({
    shift: z
      .strictObject({
        maxFraction: fraction.default(0.5).describe('Largest circular shift as a fraction of the chunk, to either side.'),
        probability: fraction.default(0.5).describe('Share of views that are shifted at all.'),
      })
      .prefault({}),
    timeMask: z
      .strictObject({ maxFrames: z.number().int().min(0).default(192).describe('Widest time mask, in 10 ms frames; 0 = none.') })
      .prefault({}),
    freqMask: z
      .strictObject({ maxBins: z.number().int().min(0).max(64).default(24).describe('Widest frequency mask, in mel bins; 0 = none.') })
      .prefault({}),
  })
  .describe('Augmentation of a view: circular wave shift, one time mask, one frequency mask, drawn independently (paper, section 3).');

const corpusSchema = z.strictObject({
  train: place.describe('Table of training clips: JSONL `{"clip","audio","labels"?}` or CED\'s TSV. `distill` never reads its labels.'),
  validation: place.optional().describe('Table of clips that pick the best checkpoint. May be unlabelled.'),
  eval: place.optional().describe('Table of clips that only report. May be unlabelled.'),
  vocabulary: place.describe("Class list in AudioSet's columns `index,mid,display_name`."),
  clipsPerShard: count.max(65_536).default(512).describe('Clips in one audio shard: the unit of retry for ingest and logits.'),
  maxRejected: fraction.default(0.01).describe('Share of unreadable clips above which a stage fails with CorpusInvalid.'),
});

export const modelSchema = z
  .union([
    z.enum(['tiny', 'mini', 'small', 'base']),
    z.strictObject({
      embedDim: count.describe('Width of the transformer; divisible by `heads`.'),
      depth: count.describe('Number of transformer blocks.'),
      heads: count.describe('Attention heads a block.'),
      mlpRatio: z.number().positive().default(4).describe('Hidden width of a block’s MLP over its own width.'),
      pooling: z.enum(['mean', 'logit']).default('mean').describe('How patch tokens become one vector (published CED: mean).'),
    }),
  ])
  .describe('tiny 5.5 M, mini 9.6 M, small 22 M, base 86 M parameters, or a shape of your own.');

const trainingFields = {
  name: name.describe('Name in reports and file names.'),
  model: modelSchema,
  init: place.nullable().default(null).describe('CED checkpoint folder to start from; null starts afresh from `seed`.'),
  epochs: count.default(300).describe('Passes over the training chunks.'),
  batchSize: count.max(4096).default(128).describe('Chunks a step.'),
  gradientAccumulation: count
    .max(4096)
    .default(1)
    .describe(
      'Parts a batch is computed in, one after the other: less memory, the same gradient but for batch norm, which sees each part alone.',
    ),
  learningRate: z.number().positive().default(1e-3).describe('Peak learning rate of Adam.'),
  warmupSteps: z.number().int().min(0).default(5000).describe('Steps of linear warm-up before the cosine.'),
  finalLearningRateFraction: fraction.default(0.1).describe('Where the cosine ends, as a fraction of `learningRate`.'),
  mixup: z.number().min(0).default(0.5).describe('Alpha of the Beta distribution of mixup; 0 = none.'),
  validateEvery: count.default(5).describe('Epochs between validations; the last epoch is always validated.'),
  earlyStop: z.number().int().min(0).default(10).describe('Stop after this many validations without a new best; 0 = never.'),
  averageBest: count.max(64).default(4).describe('How many best checkpoints are averaged into the final weights.'),
  weightDecay: z.number().min(0).default(0).describe('Decoupled weight decay (AdamW) of every trained parameter; 0 = plain Adam.'),
  clipNorm: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Global gradient norm above which gradients are scaled down; null = off.'),
  precision: z.enum(['float32', 'bfloat16']).default('float32').describe('Precision of matrix products; weights and sums stay float32.'),
  checkpointSeconds: z.number().positive().default(120).describe('Most training time a kill can cost.'),
  seed: z.number().int().min(0).max(0xffffffff).default(1).describe('Seed of initial weights, order of chunks and mixup.'),
};

/** `init` of a student that starts from the weights of the champion. */
export const CHAMPION = 'champion';

export const studentSchema = z.strictObject({
  ...trainingFields,
  init: place
    .nullable()
    .default(null)
    .describe(
      `CED checkpoint folder to start from, or \`${CHAMPION}\`: the one of \`promote.champion\`, while there is none from \`seed\`. null starts afresh from \`seed\`.`,
    ),
  unseenFill: z
    .enum(['zero', 'lastMean', 'lastHalf'])
    .default('zero')
    .describe('Target of classes outside the stored top-K: 0, smallest stored / (C − K), or smallest stored / 2.'),
  views: count.optional().describe('Stored views the student reads, a prefix; all by default.'),
  topK: count.optional().describe('Stored probabilities the student reads, the largest; all by default.'),
  consistent: z
    .boolean()
    .default(true)
    .describe('false = the ablation: the student draws its own augmentation instead of replaying the stored one.'),
});

export const taughtSchema = z.strictObject(trainingFields);

const teacherFields = {
  name: name.describe('Name in reports.'),
  weight: z.number().positive().default(1).describe('Weight in the ensemble mean; weights are normalised.'),
};

const waveformTeacherFields = {
  ...teacherFields,
  output: z.enum(['probabilities', 'logits']).describe('What it gives; logits go through a sigmoid.'),
  vocabulary: place.describe(
    "Its classes in order, in AudioSet's columns `index,mid,display_name`; matched to the run's by MID, then name.",
  ),
  spectrogramMasks: z
    .enum(['refuse', 'skip'])
    .default('refuse')
    .describe('Masks cannot reach a teacher that hears no spectrogram of ours: refuse such a run, or skip the masks for this teacher.'),
};

export const teacherSchema = z.discriminatedUnion('format', [
  z.strictObject({
    format: z.literal('ced').describe('A CED checkpoint as published, spectrogram masks included.'),
    checkpoint: place.describe('Folder, `gs://`, `https://` or `hf://organisation/repository`, with model.safetensors and config.json.'),
    ...teacherFields,
  }),
  z.strictObject({
    format: z.literal('onnx').describe('An ONNX network with a front end of its own.'),
    checkpoint: place.describe(
      'One file (or `gs://`, `https://`, `hf://organisation/repository/file`) with one input, float32 waveforms [batch, samples] at 16 kHz, and one output [batch, classes]; no external data.',
    ),
    ...waveformTeacherFields,
  }),
  z.strictObject({
    format: z.literal('savedmodel').describe('A TensorFlow SavedModel with a front end of its own.'),
    checkpoint: place.describe(
      'Folder whose signature `serving_default` has one input, float32 waveforms [batch, samples] at 16 kHz, and one output [batch, classes].',
    ),
    ...waveformTeacherFields,
  }),
]);

export const logitsSchema = z.strictObject({
  views: count.max(65_535).default(10).describe('Augmented views of each chunk that teachers hear and students replay.'),
  topK: count.max(65_535).default(20).describe('Largest probabilities kept of each view.'),
  chunkSeconds: z.number().min(0.2).max(60).default(10).describe('Length of a chunk; a remainder of at least half is kept.'),
  seed: z.number().int().min(0).max(0xffffffff).default(42).describe('Seed of the augmentation draws.'),
  precision: z.enum(['float32', 'bfloat16']).default('float32').describe("Precision of the teachers' matrix products."),
  augment: augmentSchema.prefault({}),
});

export const publishedLogitsSchema = z.strictObject({
  published: place.describe(
    "Folder of the paper's published logits, `logits_ep*_*.h5` and `.parquet`: students learn from them instead of an ensemble of one's own.",
  ),
  chunkSeconds: z.number().min(0.2).max(60).default(10).describe('Length of a chunk in them.'),
  augment: augmentSchema.prefault({}),
});

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
      .describe('Least eval mAP, above the champion’s on the same clips, that a challenger is promoted for. The first needs none.'),
  })
  .describe(
    'Puts a student up against the champion: the one that is best on validation, or the first where validation has no labels. Needs a labelled `corpus.eval`.',
  );

export const distillRunSchema = z
  .strictObject({
    name: name.describe('Name of the run; artifacts meet under `runs/<name>/` in the store.'),
    store: place.describe('Folder (or gs://bucket/prefix) below which every artifact lives.'),
    corpus: corpusSchema,
    teachers: z.array(teacherSchema).default([]).describe('The ensemble, in order. May be empty where `logits.published` names logits.'),
    logits: z.union([publishedLogitsSchema, logitsSchema]).prefault({}),
    students: z.array(studentSchema).min(1).describe('Students trained one after another from the same stored logits.'),
    resume: z.enum(['continue', 'exact']).default('continue').describe('exact = refuse to go on on another kind of machine.'),
    promote: promoteSchema.optional(),
  })
  .superRefine((run, context) => {
    distinctNames(run.teachers, 'teachers', context);
    distinctNames(run.students, 'students', context);
    masksReachTeachers(run.teachers, run.logits, context);
    if (run.promote && run.corpus.eval === undefined)
      context.addIssue({ code: 'custom', path: ['corpus', 'eval'], message: 'expected a labelled table: promote compares models on it' });
    run.students.forEach((student, index) => {
      const path = ['students', index];
      if (student.init === CHAMPION && !run.promote)
        context.addIssue({ code: 'custom', path: [...path, 'init'], message: 'expected promote, which says where the champion is' });
      divisibleHeads(student.model, path, context);
      if ('published' in run.logits) return;
      if ((student.views ?? 1) > run.logits.views)
        context.addIssue({ code: 'custom', path: [...path, 'views'], message: `expected at most logits.views = ${run.logits.views}` });
      if ((student.topK ?? 1) > run.logits.topK)
        context.addIssue({ code: 'custom', path: [...path, 'topK'], message: `expected at most logits.topK = ${run.logits.topK}` });
    });
  })
  .refine(hasTargets, { path: ['teachers'], error: 'expected at least one teacher, or logits.published', when: () => true });

/** `retrain` takes a run file of `distill`. */
export const retrainRunSchema = distillRunSchema.refine((run) => (run as { promote?: unknown }).promote !== undefined, {
  path: ['promote'],
  error: 'expected the champion to beat, { "champion": … }',
  when: () => true,
});

/** Runs on unparsed input too, so that a missing ensemble is told together with every other problem. */
function hasTargets(run: { teachers?: unknown; logits?: unknown }): boolean {
  const isPublished = typeof run.logits === 'object' && run.logits !== null && 'published' in run.logits;
  return isPublished || !Array.isArray(run.teachers) || run.teachers.length > 0;
}

export const teachRunSchema = z
  .strictObject({
    name: name.describe('Name of the run.'),
    store: place.describe('Folder (or gs://bucket/prefix) below which every artifact lives.'),
    corpus: corpusSchema,
    chunkSeconds: z.number().min(0.2).max(60).default(10).describe('Length of a training chunk.'),
    augment: augmentSchema.prefault({}),
    teachers: z.array(taughtSchema).min(1).describe('Models trained one after another from labels under fresh augmentation.'),
    resume: z.enum(['continue', 'exact']).default('continue').describe('exact = refuse to go on on another kind of machine.'),
  })
  .superRefine((run, context) => {
    distinctNames(run.teachers, 'teachers', context);
    run.teachers.forEach((teacher, index) => divisibleHeads(teacher.model, ['teachers', index], context));
  });

function distinctNames(entries: readonly { name: string }[], field: string, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  entries.forEach((entry, index) => {
    if (seen.has(entry.name))
      context.addIssue({ code: 'custom', path: [field, index, 'name'], message: `expected a name not used twice, '${entry.name}' is` });
    seen.add(entry.name);
  });
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

function divisibleHeads(model: z.infer<typeof modelSchema>, path: readonly (string | number)[], context: z.RefinementCtx): void {
  if (typeof model === 'object' && model.embedDim % model.heads !== 0)
    context.addIssue({ code: 'custom', path: [...path, 'model', 'heads'], message: `expected a divisor of embedDim = ${model.embedDim}` });
}

export type DistillRun = z.output<typeof distillRunSchema>;
export type TeachRun = z.output<typeof teachRunSchema>;
export type Corpus = z.output<typeof corpusSchema>;
export type Augment = z.output<typeof augmentSchema>;
export type Student = z.output<typeof studentSchema>;
export type Taught = z.output<typeof taughtSchema>;
export type Teacher = z.output<typeof teacherSchema>;
export type LogitsSettings = z.output<typeof logitsSchema>;
export type PublishedLogits = z.output<typeof publishedLogitsSchema>;
export type ModelShape = z.output<typeof modelSchema>;

/**
 * Parses a run file. Never throws: problems come back as `path: what is wrong`, one a line, all of them.
 */
export function parseRun<S extends z.ZodType>(schema: S, input: unknown): { run: z.output<S> } | { problems: string[] } {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { run: parsed.data };
  return { problems: parsed.error.issues.flatMap(describeIssue) };
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path =
    issue.path.reduce<string>((at, key) => (typeof key === 'number' ? `${at}[${key}]` : at ? `${at}.${String(key)}` : String(key)), '') ||
    '(run file)';
  if (issue.code === 'invalid_union')
    return closestBranch(issue.errors).flatMap((nested) => describeIssue({ ...nested, path: [...issue.path, ...nested.path] }));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${path === '(run file)' ? '' : `${path}.`}${key}: unknown field, remove it or check its spelling`);
  return [`${path}: ${issue.message}`];
}

/** Of the alternatives that a field has, the one that the input comes nearest to: its problems are the ones to tell. */
function closestBranch(branches: z.core.$ZodIssue[][]): z.core.$ZodIssue[] {
  const problems = (issues: z.core.$ZodIssue[]): number =>
    issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  return branches.reduce((best, branch) => (problems(branch) < problems(best) ? branch : best));
}
