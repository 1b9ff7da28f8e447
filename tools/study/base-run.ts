/**
 * The base run, which every arm varies: half of the demo's clips, the demo's teachers, sixteen
 * views with all classes, sixteen epochs of a student of the demo's size.
 */
import { COMMON_CORPUS, UNLABELLED_TABLES } from './corpora';
import type { RunInput, TeachInput } from './experiment';

export type StudentSettings = Partial<RunInput['students'][number]>;
type TeacherInput = NonNullable<RunInput['teachers']>[number];

export const VIEWS = 16;
export const CLASSES = 52;
export const STORE = 'runs/study';
/** Half of the demo's training clips, one chunk each. */
const TRAIN_CLIPS = 1500;

export const SIZES = {
  smallest: { embedDim: 48, depth: 3, heads: 4 },
  student: { embedDim: 80, depth: 4, heads: 4 },
  wide: { embedDim: 92, depth: 3, heads: 4 },
  alto: { embedDim: 112, depth: 4, heads: 4 },
  coda: { embedDim: 144, depth: 4, heads: 4 },
} as const;

/** Of every model of the study, but for what an arm or a question states. */
export const TRAINING = {
  batchSize: 16,
  learningRate: 2e-3,
  warmupSteps: 200,
  mixup: 0,
  validateEvery: 2,
  averageBest: 1,
  earlyStop: 0,
  checkpointSeconds: 60,
};
export const AUGMENT = { timeMask: { maxFrames: 80 }, freqMask: { maxBins: 16 } };
export const CHUNK_SECONDS = 4;
const EPOCHS = 16;

/** 500 divides every corpus here, so that larger corpora share their first shards with smaller. */
const corpus = { ...COMMON_CORPUS, clipsPerShard: 500 };

export const shipped = (name: 'alto' | 'brio' | 'coda'): TeacherInput => ({
  name,
  checkpoint: `examples/instruments/teachers/${name}`,
  format: 'ced',
});
export const ENSEMBLE = [shipped('alto'), shipped('brio'), shipped('coda')];

/** A distillation: the base with another student, other teachers, or other logits. */
export function distilled(
  seed: number,
  student: StudentSettings = {},
  { teachers = ENSEMBLE, logits = {} }: { teachers?: TeacherInput[]; logits?: object } = {},
): RunInput {
  return {
    store: STORE,
    corpus,
    teachers,
    logits: {
      views: VIEWS,
      topK: CLASSES,
      chunkSeconds: CHUNK_SECONDS,
      augment: AUGMENT,
      ...logits,
    },
    students: [
      {
        name: 'student',
        model: SIZES.student,
        epochs: EPOCHS,
        topK: 20,
        seed,
        ...TRAINING,
        ...student,
      },
    ],
  };
}

/** The same student, audio and steps, trained from the clips' labels. */
export function trainedFromLabels(seed: number): TeachInput {
  const model = { name: 'student', model: SIZES.student, epochs: EPOCHS, seed, ...TRAINING };
  return { store: STORE, corpus, chunkSeconds: CHUNK_SECONDS, augment: AUGMENT, teachers: [model] };
}

/**
 * A teacher of the student's own size, trained like the shipped ones
 * (examples/instruments/teach.json) on their audio.
 */
export function trainedAsTeacher(seed: number): TeachInput {
  const model = {
    name: 'peer',
    model: SIZES.student,
    epochs: 10,
    seed,
    ...TRAINING,
    warmupSteps: 500,
    finalLearningRateFraction: 0.02,
    averageBest: 3,
  };
  const tables = {
    train: 'data/instruments-teach/train.jsonl',
    validation: 'data/instruments-teach/validation.jsonl',
  };
  return {
    store: STORE,
    corpus: { ...corpus, ...tables },
    chunkSeconds: CHUNK_SECONDS,
    augment: { ...AUGMENT, timeMask: { maxFrames: 60 } },
    teachers: [model],
  };
}

/** Two or four times the audio in the same number of steps: each clip occurs less often. */
export function distilledOnMore(seed: number, times: 2 | 4): RunInput {
  const run = distilled(
    seed,
    { epochs: EPOCHS / times, validateEvery: 1 },
    { logits: { views: VIEWS / times } },
  );
  return { ...run, corpus: { ...corpus, train: UNLABELLED_TABLES[times] } };
}

/** Steps of the first student of a run on the common corpus. */
export function stepsOf({ students: [student] }: RunInput): number {
  const { epochs = 0, batchSize = 1 } = student ?? {};
  return epochs * Math.ceil(TRAIN_CLIPS / batchSize);
}
