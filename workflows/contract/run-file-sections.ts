/**
 * The sections of a run file. These texts are the only description of the fields: `npm run docs`
 * generates docs/run-file.md from them. Unknown keys are errors. Every number, text and list has a
 * limit, so that an excessive run is refused before any work. Rules between sections are in
 * run-file.ts.
 */
import { z } from 'zod';
import { sampleRateSchema } from './sample-rates';
import { carriesCredential, CREDENTIAL_REFUSED } from './credentials';
import { TASK_QUEUES } from './names';

/** The characters of a name: it is a folder in the store, and part of ids and addresses. */
export const NAME = {
  pattern: /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/,
  rule: '1 to 64 of a-z, 0-9 and -, not at either end a -',
} as const;
export const name = z.string().regex(NAME.pattern, `expected ${NAME.rule}`);
export const place = placeOr('missing, expected a path or URI');

/** @param missing what to say where the run file has none */
function placeOr(missing: string) {
  return z
    .string({ error: ({ input }) => (input === undefined ? missing : undefined) })
    .min(1, 'expected a path or URI')
    .max(4096, 'expected at most 4096 characters')
    .refine((address) => !carriesCredential(address), CREDENTIAL_REFUSED);
}
const count = z.number().int().min(1);
/** Steps have nine digits in the names of checkpoints. */
const steps = z.number().int().min(0).max(999_999_999);
const epochs = count.max(100_000);
const fraction = z.number().min(0).max(1);
const seed = z.number().int().min(0).max(0xffffffff);
const precision = z.enum(['float32', 'bfloat16']).default('float32');

export const store = place.describe(
  'Folder (or gs://bucket/prefix, s3://bucket/prefix) of all artifacts.',
);
export const chunkSeconds = z.number().min(0.2).max(60).default(10);
export const resume = z
  .enum(['continue', 'exact'])
  .default('continue')
  .describe('exact = refuse to resume on another kind of machine.');

export const corpusSchema = z.strictObject({
  train: place.describe(
    'Table of training clips: JSONL `{"clip","audio","labels"?}`, TSV, CSV, Parquet or ' +
      'WebDataset shards (docs/formats.md). `distill` never reads its labels.',
  ),
  validation: place
    .optional()
    .describe('Table of clips that select the best checkpoint. May be unlabelled.'),
  eval: place.optional().describe('Table of clips for reported scores only. May be unlabelled.'),
  audioRoot: place
    .optional()
    .describe(
      "Folder or URI where relative paths of audio in tables start; by default each table's own " +
        'folder, then other likely ones.',
    ),
  channels: z
    .enum(['mix', 'first', 'loudest'])
    .optional()
    .describe(
      'Of recordings with several channels: their mean (`mix`, without this field), the first, ' +
        'or the one of the greatest energy over the whole file.',
    ),
  vocabulary: place.describe(
    "Class list in AudioSet's columns `index,mid,display_name`. In `distill`, `teacher:NAME` is " +
      'the list of that teacher: its `vocabulary`, the classes that its config.json names, or ' +
      'those that its worker tells.',
  ),
  clipsPerShard: count
    .max(65_536)
    .default(512)
    .describe('Clips in one audio shard: the unit of retry for ingest and logits.'),
  maxRejected: fraction
    .default(0.01)
    .describe(
      'Share of unreadable clips above which a stage fails with CorpusInvalid, and of training ' +
        'chunks of which a teacher says nothing above which it fails with TeacherInvalid.',
    ),
});
export type Corpus = z.output<typeof corpusSchema>;

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
          .max(6001)
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
    'Augmentation of a view: circular wave shift, one time mask, one frequency mask, ' +
      'drawn independently (paper, section 3).',
  );
export type Augment = z.output<typeof augmentSchema>;

const teacherFields = {
  name: name.describe('Name in reports.'),
  weight: z
    .number()
    .positive()
    .max(1e6)
    .default(1)
    .describe('Weight in the ensemble mean; weights are normalised.'),
  missing: z
    .enum(['refuse', 'abstain'])
    .optional()
    .describe(
      "If it lacks some of the run's classes: refuse the run (`refuse`, without this field), or " +
        'let it abstain from them. The mean of a class is then over the teachers that know it; a ' +
        'class that no teacher knows is refused.',
    ),
};

const tensorName = z.string().min(1).max(512);
const OWN_QUEUES: readonly string[] = Object.values(TASK_QUEUES);

const waveformTeacherFields = {
  ...teacherFields,
  output: z
    .enum(['probabilities', 'logits'])
    .describe('Kind of its outputs; logits go through a sigmoid.'),
  input: tensorName
    .optional()
    .describe('Which of its inputs takes the waveform; needed where there are several.'),
  outputName: tensorName
    .optional()
    .describe(
      'Which of its outputs gives the classes; needed where there are several and not one alone ' +
        'has as many values as `vocabulary` has classes.',
    ),
  axis: z
    .number()
    .int()
    .min(-8)
    .max(8)
    .optional()
    .describe(
      'Axis of the classes in its output, negative from the last; without this field found by ' +
        'the shape. Axes beside it and the batch are frames.',
    ),
  pool: z
    .enum(['mean', 'max'])
    .optional()
    .describe('Of frames and windows: their mean (`mean`, without this field) or maximum.'),
  sampleRate: sampleRateSchema
    .optional()
    .describe(
      "Hz of the waveforms it takes; without this field what an ONNX file's metadata says " +
        '(`sample_rate`, `sampling_rate`), else 16000.',
    ),
  windowSeconds: z
    .number()
    .min(0.01)
    .max(60)
    .optional()
    .describe(
      'It gets windows of this length, the last of which ends with the chunk; without this ' +
        'field the length that its input states, else whole chunks.',
    ),
  hopSeconds: z
    .number()
    .min(0.01)
    .max(60)
    .optional()
    .describe('From one window to the next; without this field windows do not overlap.'),
  pad: z
    .enum(['zeros', 'repeat', 'none'])
    .optional()
    .describe(
      'A chunk shorter than its window ends in silence (`zeros`, without this field), is ' +
        'repeated, or is left out of the logits (`none`).',
    ),
  vocabulary: placeOr(
    'missing: name the file that lists its classes in the order of its outputs, in the columns ' +
      'index,mid,display_name, for example "vocabulary": "models/labels.csv"',
  ).describe(
    "Its classes in order, in AudioSet's columns `index,mid,display_name`; " +
      "matched to the run's by MID, then name.",
  ),
  spectrogramMasks: z
    .enum(['refuse', 'skip'])
    .default('refuse')
    .describe(
      'Masks cannot be applied to a teacher with a front end of its own: ' +
        'refuse such a run, or skip the masks for this teacher.',
    ),
};

const taskQueue = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/,
    'expected 1 to 200 of A-Z, a-z, 0-9, ., _, / and -',
  );

export const teacherQueue = taskQueue.refine(
  (queue) => !OWN_QUEUES.includes(queue),
  'expected a queue of its own',
);

const workerTeacherSchema = z.strictObject({
  format: z
    .literal('worker')
    .describe('A teacher in a Temporal worker of its own, in any language (docs/teachers.md).'),
  taskQueue: teacherQueue.describe(
    'Task queue that its workers poll: `describeTeacher` and `predictShard`.',
  ),
  ...teacherFields,
  spectrogramMasks: z
    .enum(['refuse', 'skip'])
    .default('refuse')
    .describe(
      'For a teacher that applies no masks itself: refuse such a run, or skip the masks for it.',
    ),
});
export type WorkerTeacher = z.output<typeof workerTeacherSchema>;

export const teacherSchema = z.discriminatedUnion('format', [
  z.strictObject({
    format: z.literal('ced').describe('A CED checkpoint as published, spectrogram masks included.'),
    checkpoint: place.describe(
      'Folder, `gs://`, `s3://`, `https://` or `hf://organisation/repository`, ' +
        'with config.json and model.safetensors, or shards with model.safetensors.index.json.',
    ),
    ...teacherFields,
  }),
  z.strictObject({
    format: z.literal('onnx').describe('An ONNX network with a front end of its own.'),
    checkpoint: place.describe(
      'One file (or `gs://`, `s3://`, `https://`, `hf://organisation/repository/file`) with ' +
        'waveforms [samples], [batch, samples], [batch, 1, samples] or [batch, samples, 1] in, ' +
        'and an output of classes, or of frames of classes. Its external data lies beside it.',
    ),
    ...waveformTeacherFields,
  }),
  z.strictObject({
    format: z
      .literal('savedmodel')
      .describe('A TensorFlow SavedModel with a front end of its own.'),
    checkpoint: place.describe(
      'Folder whose signature `serving_default` takes float32 waveforms [samples], ' +
        '[batch, samples], [batch, 1, samples] or [batch, samples, 1], and gives classes, or ' +
        'frames of classes.',
    ),
    ...waveformTeacherFields,
  }),
  workerTeacherSchema,
]);
export type Teacher = z.output<typeof teacherSchema>;
/** A teacher that is read from files. */
export type FileTeacher = Exclude<Teacher, WorkerTeacher>;

export const logitsSchema = z.strictObject({
  views: count
    .max(65_535)
    .default(10)
    .describe('Augmented views of each chunk that teachers predict and students replay.'),
  topK: count.max(65_535).default(20).describe('Largest probabilities stored for each view.'),
  chunkSeconds: chunkSeconds.describe('Length of a chunk; a remainder of at least half is kept.'),
  seed: seed.default(42).describe('Seed of the augmentation draws.'),
  precision: precision.describe("Precision of the teachers' matrix products."),
  augment: augmentSchema.prefault({}),
  keepOutputs: z
    .boolean()
    .optional()
    .describe(
      'true = keep the outputs of every teacher and shard as float32, so that another ensemble, ' +
        'weight or K predicts only what is new. Those of format worker are always kept.',
    ),
});
export type LogitsSettings = z.output<typeof logitsSchema>;

export const publishedLogitsSchema = z.strictObject({
  published: place.describe(
    "Folder of the paper's published logits, `logits_ep*_*.h5` and `.parquet`: " +
      'students learn from them instead of from an ensemble.',
  ),
  chunkSeconds: chunkSeconds.describe('Length of a chunk in the published logits.'),
  augment: augmentSchema.prefault({}),
});
export type PublishedLogits = z.output<typeof publishedLogitsSchema>;

export const selectionSchema = z
  .strictObject({
    activity: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,199}$/, 'expected the name of an activity')
      .describe('Name under which your worker registers it.'),
    taskQueue: taskQueue.describe('Task queue that your worker polls.'),
  })
  .describe(
    'An activity of your own that is asked, once the logits are stored, which training clips ' +
      'the students leave out (docs/package.md).',
  );

export const modelSchema = z
  .union([
    z.enum(['tiny', 'mini', 'small', 'base']),
    z.strictObject({
      embedDim: count.max(4096).describe('Width of the transformer; divisible by `heads`.'),
      depth: count.max(128).describe('Number of transformer blocks.'),
      heads: count.max(128).describe('Attention heads of a block.'),
      mlpRatio: z
        .number()
        .positive()
        .max(16)
        .default(4)
        .describe('Hidden width of a block’s MLP over its own width.'),
      pooling: z
        .enum(['mean', 'logit'])
        .default('mean')
        .describe('How patch tokens become one vector (published CED: mean).'),
    }),
  ])
  .describe('tiny 5.5 M, mini 9.6 M, small 22 M, base 86 M parameters, or a shape of your own.');
export type ModelShape = z.output<typeof modelSchema>;

/** Each of the two is turned into epochs once, when the corpus is ingested (budgets.ts). */
export const budgetSchema = z.union([
  z.strictObject({
    minutes: z
      .number()
      .positive()
      .max(1e6)
      .describe(
        'As many epochs as so many minutes allow at a stated speed (3·10^10 operations a second ' +
          'and core, what `ced init --minutes` plans with): 4 to 120, and 40000 steps at most.',
      ),
    cores: count.max(65_536).default(2).describe('Cores that the minutes are meant for.'),
  }),
  z.strictObject({
    steps: steps.min(1).describe('As many epochs as come closest to so many steps; at least 1.'),
  }),
]);

/** Of a model trained from labels. A student has these fields and more. */
export const teacherTrainingSchema = z.strictObject({
  name: name.describe('Name in reports and filenames.'),
  model: modelSchema,
  init: place
    .nullable()
    .default(null)
    .describe(
      'CED checkpoint folder to start from; null = random weights from `seed`. For other classes ' +
        'than its own the head is new, but for classes of equal MID or name; for longer chunks ' +
        'its positions in time are interpolated.',
    ),
  epochs: epochs.default(300).describe('Passes over the training chunks.'),
  budget: budgetSchema
    .optional()
    .describe(
      'In place of `epochs`: what the training may cost, whatever the number of clips. It is ' +
        'turned into epochs once, when the corpus is ingested, and a note of the run says how ' +
        'many; no clock is read. `warmupSteps` is then at most a tenth of the steps.',
    ),
  batchSize: count.max(4096).default(128).describe('Chunks in a step.'),
  parts: count
    .max(4096)
    .optional()
    .describe(
      'Parts of a batch that are computed one after the other, 1 by default: less memory, the ' +
        'same gradient except for batch norm, which uses each part alone.',
    ),
  gradientAccumulation: count
    .max(4096)
    .optional()
    .describe('Earlier name of `parts`, still read where that is absent.'),
  workers: z
    .strictObject({
      min: count
        .max(64)
        .default(1)
        .describe('Workers that are waited for at the start, for at most a minute.'),
      max: count.max(64).default(1).describe('Most workers that train it together.'),
    })
    .optional()
    .describe(
      'Workers that train the model together, each some of the `parts` of a batch: those that ' +
        'are idle and were started with `--peers`. They may come and go; the bytes of the model ' +
        'do not depend on them. Without this field one worker trains it.',
    ),
  learningRate: z
    .number()
    .positive()
    .max(1e30)
    .default(1e-3)
    .describe('Peak learning rate of Adam.'),
  warmupSteps: steps.default(5000).describe('Steps of linear warm-up before the cosine.'),
  finalLearningRateFraction: fraction
    .default(0.1)
    .describe('Learning rate at the end of the cosine, as a fraction of `learningRate`.'),
  mixup: z
    .number()
    .min(0)
    .max(1000)
    .default(0.5)
    .describe('Alpha of the Beta distribution of mixup; 0 = none.'),
  validateEvery: epochs
    .default(5)
    .describe('Epochs between validations; the last epoch is always validated.'),
  earlyStop: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(10)
    .describe('Stop after this many validations without a new best; 0 = never.'),
  earlyStopSteps: steps
    .min(1)
    .optional()
    .describe(
      'Stop at the first validation that is this many steps or more after the best one, in place ' +
        'of `earlyStop`: says the same whatever `validateEvery` and the number of clips are.',
    ),
  averageBest: count
    .max(64)
    .default(4)
    .describe('Number of best checkpoints that are averaged into the final weights.'),
  averaging: z
    .enum(['best', 'ema'])
    .optional()
    .describe(
      'The weights that are validated and kept: those of single steps, of which the ' +
        '`averageBest` best are averaged (`best`, without this field), or an exponential moving ' +
        'average over all steps (`ema`), of which the best validated one is kept.',
    ),
  emaDecay: z
    .number()
    .min(0)
    .max(0.999999)
    .optional()
    .describe(
      'With `averaging: "ema"`, the share of the average that a step keeps; without this field ' +
        '0.999. In step t at most (1 + t) / (10 + t), so that the first weights are forgotten.',
    ),
  weightDecay: z
    .number()
    .min(0)
    .max(1000)
    .default(0)
    .describe('Decoupled weight decay (AdamW) of every trained parameter; 0 = plain Adam.'),
  clipNorm: z
    .number()
    .positive()
    .max(1e30)
    .nullable()
    .default(null)
    .describe('Global gradient norm above which gradients are scaled down; null = off.'),
  train: z
    .union([
      z.enum(['all', 'head']),
      z.strictObject({
        lastBlocks: count
          .max(128)
          .describe('The head, the norm before it and this many blocks below them.'),
      }),
    ])
    .optional()
    .describe(
      'What of a model with `init` is trained: everything (`all`, without this field), the ' +
        'output layer with its norm (`head`), or the last blocks too. The rest keeps its bits, ' +
        'the running statistics of `init_bn` included. While there is no champion to start from, ' +
        'everything is trained.',
    ),
  headLearningRateFactor: z
    .number()
    .positive()
    .max(1e6)
    .optional()
    .describe(
      "The output layer's learning rate over that of the encoder's last layer; without this " +
        'field 1.',
    ),
  layerDecay: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe(
      "A layer's learning rate over that of the layer above it, as in BEiT and MAE: the patch " +
        'embedding learns at `layerDecay` to the power of blocks + 1; without this field 1.',
    ),
  precision: precision.describe('Precision of matrix products; weights and sums stay float32.'),
  checkpointSeconds: z
    .number()
    .positive()
    .max(86_400)
    .default(120)
    .describe('Interval of checkpoints: the most training time that a kill can lose.'),
  seed: seed.default(1).describe('Seed of initial weights, order of chunks and mixup.'),
});
export type TeacherTraining = z.output<typeof teacherTrainingSchema>;

/** `init` of a student that starts from the weights of the champion. */
export const CHAMPION = 'champion';

/** Values of a field of the shape, in the order of the students. */
const swept = <T extends z.ZodType>(value: T) => z.array(value).min(1).max(32).optional();

export const sweepSchema = z.strictObject({
  embedDim: swept(count.max(4096)).describe('Widths; each is divisible by `heads`.'),
  depth: swept(count.max(128)).describe('Numbers of blocks.'),
  heads: swept(count.max(128)).describe('Numbers of attention heads.'),
});
export type Sweep = z.output<typeof sweepSchema>;

export const studentSchema = z.strictObject({
  ...teacherTrainingSchema.shape,
  init: teacherTrainingSchema.shape.init.describe(
    `CED checkpoint folder to start from, or \`${CHAMPION}\`: the champion of ` +
      '`promote.champion`, if there is one. Otherwise, and for null, random weights from `seed`. ' +
      'For other classes than its own the head is new, but for classes of equal MID or name; for ' +
      'longer chunks its positions in time are interpolated.',
  ),
  unseenFill: z
    .enum(['zero', 'lastMean', 'lastHalf'])
    .default('zero')
    .describe(
      'Target of classes outside the stored top-K: 0, smallest stored / (C − K), ' +
        'or smallest stored / 2.',
    ),
  views: count
    .max(65_535)
    .optional()
    .describe('Stored views the student reads, a prefix; all by default.'),
  topK: count
    .max(65_535)
    .optional()
    .describe('Stored probabilities the student reads, the largest; all by default.'),
  consistent: z
    .boolean()
    .default(true)
    .describe(
      'false = the ablation: the student draws its own augmentation ' +
        'instead of replaying the stored one.',
    ),
  sweep: sweepSchema
    .optional()
    .describe(
      'A grid of students instead of one: each combination of these values, in place of those of ' +
        '`model`, which is a shape of its own. Their names say what differs, ' +
        '`NAME-dim64-depth3`; everything else is as this student says.',
    ),
});
export type StatedStudent = z.output<typeof studentSchema>;
/** One that is trained: sweeps are expanded (sweep.ts). */
export type Student = Omit<StatedStudent, 'sweep'>;
