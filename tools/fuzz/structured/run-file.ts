/** Run files that lie, read by `npm start`'s reader and planned by `ced plan`'s arithmetic. */
import { join } from 'node:path';
import { planRun } from '../../../cli/run/plan/plan-run';
import { readRunFile } from '../../../cli/run/run-file';
import { digestOf, type StructuredFormat } from './forgery';
import { inFolder } from './in-folder';
import { choice, NOT_TEXT, real, whole, withJsonLies, type FieldRule } from './json-lies';

/** Every field that has a default is given, so that what is read is what is written. */
const AUGMENT = {
  shift: { maxFraction: 0.5, probability: 0.5 },
  timeMask: { maxFrames: 80 },
  freqMask: { maxBins: 16 },
};
const RUN = {
  name: 'good',
  store: 'runs/good',
  corpus: {
    train: 'train.jsonl',
    validation: 'validation.jsonl',
    eval: 'eval.jsonl',
    vocabulary: 'classes.csv',
    clipsPerShard: 64,
    maxRejected: 0.01,
  },
  teachers: [{ format: 'ced', checkpoint: 'teachers/a', name: 'alto', weight: 1 }],
  logits: {
    views: 4,
    topK: 20,
    chunkSeconds: 4,
    seed: 42,
    precision: 'float32',
    augment: AUGMENT,
  },
  students: [
    {
      name: 'piccolo',
      model: { embedDim: 96, depth: 3, heads: 4, mlpRatio: 4, pooling: 'mean' },
      init: null,
      epochs: 44,
      batchSize: 16,
      parts: 1,
      learningRate: 2e-3,
      warmupSteps: 300,
      finalLearningRateFraction: 0.1,
      mixup: 0,
      validateEvery: 2,
      earlyStop: 10,
      averageBest: 2,
      weightDecay: 0,
      clipNorm: 1,
      precision: 'float32',
      checkpointSeconds: 20,
      seed: 1,
      unseenFill: 'zero',
      views: 2,
      topK: 10,
      consistent: true,
    },
  ],
  resume: 'continue',
};

const name = (...path: FieldRule['path']): FieldRule => ({
  path,
  good: ['"a"', '"0-0"', JSON.stringify('x'.repeat(64))],
  bad: ['""', '"A"', '"a/b"', '"../a"', '"-a"', '"a\\n"', '"é"', JSON.stringify('x'.repeat(65))],
});
const place = (...path: FieldRule['path']): FieldRule => ({
  path,
  good: ['"x"', '"gs://bucket/a"', JSON.stringify('é'.repeat(4096))],
  bad: [
    '""',
    '"https://user:password@host/a"',
    '"https://host/a?token=secret"',
    JSON.stringify('x'.repeat(4097)),
    ...NOT_TEXT,
    'null',
  ],
});
const student = (field: string): FieldRule['path'] => ['students', 0, field];
const model = (field: string): FieldRule['path'] => ['students', 0, 'model', field];

/** The limits of docs/run-file.md. */
const RULES: readonly FieldRule[] = [
  name('name'),
  name('students', 0, 'name'),
  name('teachers', 0, 'name'),
  place('store'),
  place('corpus', 'train'),
  place('corpus', 'vocabulary'),
  place('teachers', 0, 'checkpoint'),
  whole(['corpus', 'clipsPerShard'], 1, 65_536),
  real(['corpus', 'maxRejected'], 0, 1),
  real(['teachers', 0, 'weight'], 0, 1e6, true),
  choice(['teachers', 0, 'format'], 'ced'),
  whole(['logits', 'views'], 2, 65_535),
  whole(['logits', 'topK'], 10, 65_535),
  real(['logits', 'chunkSeconds'], 0.2, 60),
  whole(['logits', 'seed'], 0, 2 ** 32 - 1),
  choice(['logits', 'precision'], 'float32', 'bfloat16'),
  real(['logits', 'augment', 'shift', 'maxFraction'], 0, 1),
  whole(['logits', 'augment', 'timeMask', 'maxFrames'], 0, 6001),
  whole(['logits', 'augment', 'freqMask', 'maxBins'], 0, 64),
  whole(model('embedDim'), 1, 4096),
  whole(model('depth'), 1, 128),
  whole(model('heads'), 1, 96),
  real(model('mlpRatio'), 0, 16, true),
  choice(model('pooling'), 'mean', 'logit'),
  whole(student('epochs'), 1, 100_000),
  whole(student('batchSize'), 1, 4096),
  whole(student('parts'), 1, 4096),
  real(student('learningRate'), 0, 1e30, true),
  whole(student('warmupSteps'), 0, 999_999_999),
  real(student('finalLearningRateFraction'), 0, 1),
  real(student('mixup'), 0, 1000),
  whole(student('validateEvery'), 1, 100_000),
  whole(student('earlyStop'), 0, 100_000),
  whole(student('averageBest'), 1, 64),
  real(student('weightDecay'), 0, 1000),
  real(student('checkpointSeconds'), 0, 86_400, true),
  whole(student('seed'), 0, 2 ** 32 - 1),
  whole(student('views'), 1, 4),
  whole(student('topK'), 1, 20),
  choice(student('unseenFill'), 'zero', 'lastMean', 'lastHalf'),
  { path: ['students'], good: [], bad: ['[]', 'null', '{}', '"x"'] },
  { path: ['teachers'], good: [], bad: ['[]', 'null', '{}', '[null]'] },
  { path: ['corpus'], good: [], bad: ['null', '[]', '{}', '"x"'] },
  choice(['resume'], 'continue', 'exact'),
];
/** In the plan, of so many training clips. */
const CLIPS = 1000;

export function runFileFormat(): StructuredFormat {
  const text = JSON.stringify(RUN);
  return {
    good: { bytes: Buffer.from(text), lies: [], readings: [digestOf(sorted(RUN))] },
    forge: async (draws) => {
      const lies = withJsonLies(RUN, RULES, draws);
      const readings =
        lies.value === undefined ? null : lies.value === null ? [] : [digestOf(sorted(lies.value))];
      return await Promise.resolve({ bytes: Buffer.from(lies.text), lies: lies.told, readings });
    },
    read: async (bytes, file) =>
      await inFolder({ [file]: bytes }, async (folder) => {
        const run = readRunFile(join(folder, file), 'distill');
        const plan = await planRun(run, folder, {
          teraflops: 1,
          sample: 1,
          assumed: { train: CLIPS },
          classes: 527,
          sources: {},
          group: null,
        });
        const wrong = notFinite(plan);
        if (wrong !== null) throw new Error(`its plan says ${wrong}`);
        return digestOf(sorted(run));
      }),
  };
}

/** Where a number is none; null = nowhere. */
function notFinite(value: unknown, path = 'plan'): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : `${path} = ${value}`;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, each] of Object.entries(value)) {
    const found = notFinite(each, `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

/** With the fields of every object in one order. */
export function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
