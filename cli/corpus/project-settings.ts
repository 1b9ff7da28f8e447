/**
 * Settings of a new project, scaled to its data and to the time that may be spent. Every choice
 * comes with its reason, which the project's README repeats.
 */
import { counted } from '../../ced/counted';
import { chunkPlan } from '../../ced/audio/chunks';
import { sampleRate } from '../../ced/audio/mono16k';
import type { ModelConfig } from '../../ced/model/config';
import { parameterCount } from '../../ced/model/parameters';
import { modelConfig } from '../../ced/model/shaped-config';
import { modelSchema } from '../../workflows/contract/run-file-sections';
import { duration, millions } from '../quantities';
import { epochsOf, FEWEST_EPOCHS, MOST_EPOCHS, stepsAMinute } from '../../ced/training/budget';

export interface ProjectData {
  trainClips: number;
  /** null where only the worker of a teacher knows them. */
  classes: number | null;
  /** Of a sample of training clips. */
  seconds: readonly number[];
  /** Of every clip that was read, whatever its split. */
  allSeconds: readonly number[];
  /** Those that exist already, null for a worker's; none = they are trained from the labels. */
  teachers: readonly (ModelConfig | null)[];
  minutes: number;
  /** Cores that compute. */
  cores: number;
}

export interface TrainingSettings {
  model: { embedDim: number; depth: number; heads: number };
  epochs: number;
  batchSize: number;
  learningRate: number;
  warmupSteps: number;
  validateEvery: number;
  averageBest: number;
}

export interface ProjectSettings {
  chunkSeconds: number;
  views: number;
  topK: number;
  timeMaskFrames: number;
  freqMaskBins: number;
  teachers: TrainingSettings[];
  student: TrainingSettings;
  /** A sentence a choice. */
  reasons: string[];
}

/** About 1.05 M and 0.65 M parameters. */
const TEACHER_MODELS = [
  { embedDim: 144, depth: 4, heads: 4 },
  { embedDim: 112, depth: 4, heads: 4 },
];
/** Largest first: 0.34 M to 0.02 M parameters. */
const STUDENT_MODELS = [
  { embedDim: 92, depth: 3, heads: 4 },
  { embedDim: 72, depth: 2, heads: 4 },
  { embedDim: 48, depth: 2, heads: 4 },
  { embedDim: 32, depth: 1, heads: 2 },
];
const LONGEST_CHUNK = 10;
/** AudioSet's, which most published teachers have. */
const ASSUMED_CLASSES = 527;
/** Shares of the time; the rest goes to ingest, logits and scoring. */
const TEACHERS_SHARE = 0.5;
const STUDENT_SHARE = 0.35;
const STUDENT_SHARE_ALONE = 0.7;

export function projectSettings(data: ProjectData): ProjectSettings {
  const classes = data.classes ?? ASSUMED_CLASSES;
  const chunkSeconds = chunkLength(data.seconds, known(data.teachers));
  const chunks = Math.max(1, Math.round(data.trainClips * chunksAClip(data.seconds, chunkSeconds)));
  const batchSize = chunks < 256 ? 8 : chunks < 20_000 ? 16 : 32;
  const stepsAnEpoch = Math.ceil(chunks / batchSize);
  let leastMinutes = 0;
  const training = (
    model: TrainingSettings['model'],
    learningRate: number,
    share: number,
  ): TrainingSettings => {
    const minutes = data.minutes * share;
    const config = configOf(model, classes, chunkSeconds);
    const trained = { config, chunkSeconds, chunks, batchSize };
    const epochs = epochsOf({ minutes, cores: data.cores }, trained);
    const affordable = minutes * stepsAMinute(trained, data.cores);
    leastMinutes = Math.max(
      leastMinutes,
      (data.minutes * FEWEST_EPOCHS * stepsAnEpoch) / affordable,
    );
    return {
      model,
      epochs,
      batchSize,
      learningRate,
      warmupSteps: Math.floor(Math.min(500, (epochs * stepsAnEpoch) / 10)),
      validateEvery: Math.max(1, Math.round(epochs / 15)),
      averageBest: epochs < 15 ? 1 : 3,
    };
  };
  const teacherShare = TEACHERS_SHARE / TEACHER_MODELS.length;
  const trainsTeachers = data.teachers.length === 0;
  const teachers = trainsTeachers
    ? TEACHER_MODELS.map((model) => training(model, 0.0015, teacherShare))
    : [];
  const sizes = sizesOf(data.teachers, classes, chunkSeconds);
  const share = trainsTeachers ? STUDENT_SHARE : STUDENT_SHARE_ALONE;
  const student = training(sizes.model, 0.002, share);
  const views = student.epochs < 12 ? 2 : student.epochs < 60 ? 4 : 8;
  const frames = Math.round(chunkSeconds * 100);
  return {
    chunkSeconds,
    views,
    topK: Math.min(20, classes),
    timeMaskFrames: Math.round(frames / 5),
    freqMaskBins: 16,
    teachers,
    student,
    reasons: reasonsFor(data, {
      chunkSeconds,
      chunks,
      views,
      batchSize,
      teachers,
      student,
      frames,
      sizes,
      leastMinutes,
    }),
  };
}

/**
 * Nine clips of ten fit into one chunk; ten seconds is what the published models were made for. No
 * longer than the input of the teachers.
 */
function chunkLength(seconds: readonly number[], teachers: readonly ModelConfig[]): number {
  const ninth = quantile(seconds, 0.9);
  const inputs = teachers.map(({ target_length: frames }) => Math.floor((frames - 1) / 50) / 2);
  return Math.max(0.5, Math.min(LONGEST_CHUNK, ...inputs, Math.ceil(ninth * 2) / 2));
}

interface Sizes {
  model: TrainingSettings['model'];
  /** Parameters of the student and of the largest teacher. */
  student: number;
  /** Infinite where only workers know. */
  teacher: number;
}

function known(teachers: ProjectData['teachers']): ModelConfig[] {
  return teachers.filter((config) => config !== null);
}

/** The largest student with at most a third of the largest teacher's parameters. */
function sizesOf(teachers: ProjectData['teachers'], classes: number, chunkSeconds: number): Sizes {
  const sizeOf = (model: TrainingSettings['model']): number =>
    parameterCount(configOf(model, classes, chunkSeconds));
  const configs = known(teachers);
  const teacher =
    teachers.length === 0
      ? Math.max(...TEACHER_MODELS.map(sizeOf))
      : configs.length === 0
        ? Infinity
        : Math.max(...configs.map((config) => parameterCount(config)));
  const fitting = STUDENT_MODELS.find((model) => sizeOf(model) <= teacher / 3);
  const model = fitting ?? STUDENT_MODELS.at(-1)!;
  return { model, student: sizeOf(model), teacher };
}

function configOf(
  model: TrainingSettings['model'],
  classes: number,
  chunkSeconds: number,
): ModelConfig {
  const vocabulary = Array.from({ length: classes }, (_, index) => ({ name: String(index) }));
  return modelConfig(modelSchema.parse(model), chunkSeconds, vocabulary);
}

function chunksAClip(seconds: readonly number[], chunkSeconds: number): number {
  const counts = seconds.map((one) => chunkPlan(Math.round(one * sampleRate), chunkSeconds).length);
  return counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length);
}

function reasonsFor(
  { seconds, allSeconds, minutes, cores, trainClips, classes }: ProjectData,
  chosen: Pick<ProjectSettings, 'chunkSeconds' | 'views' | 'teachers' | 'student'> & {
    chunks: number;
    batchSize: number;
    frames: number;
    sizes: Sizes;
    /** For the fewest epochs of every model. */
    leastMinutes: number;
  },
): string[] {
  const { chunkSeconds, chunks, batchSize, views, teachers, student, frames, sizes } = chosen;
  const { leastMinutes } = chosen;
  const [middle, ninth] = [0.5, 0.9].map((share) => quantile(seconds, share));
  const [least, most] = [0, 1].map((share) => quantile(allSeconds, share));
  const steps = student.epochs * Math.ceil(chunks / student.batchSize);
  return [
    `chunkSeconds ${chunkSeconds}: clips last ${shown(least)} to ${shown(most)} s, half of ` +
      `those of train under ${shown(middle)} s and nine of ten under ${shown(ninth)} s; at most ` +
      `${LONGEST_CHUNK}, and no more than the input of a given teacher.`,
    `batchSize ${batchSize}: ${counted(trainClips, 'training clip is', 'training clips are')} ` +
      `${counted(chunks, 'chunk', 'chunks')}.`,
    `epochs ${student.epochs} of the student are ${steps} steps: ` +
      (student.epochs === FEWEST_EPOCHS
        ? 'the fewest that are trained.'
        : student.epochs === MOST_EPOCHS
          ? 'more repetitions of so few clips teach nothing new.'
          : `as many as --minutes ${minutes} allows for all trainings on ` +
            `${counted(cores, 'core', 'cores')}.`),
    ...(minutes >= leastMinutes
      ? []
      : [
          `--minutes ${minutes} is less than ${FEWEST_EPOCHS} epochs of every model take, the ` +
            `fewest that are trained: ${duration(60 * leastMinutes)}.`,
        ]),
    ...(teachers.length === 0
      ? []
      : [
          `teachers: ${teachers.length} models with half of the time, ` +
            `${teachers.map(({ epochs }) => epochs).join(' and ')} epochs.`,
        ]),
    `model of the student: ${millions(sizes.student)} parameters, ` +
      (sizes.teacher === Infinity
        ? "the most that is chosen here, as a worker's teacher is not asked for its size."
        : `at most a third of the largest teacher's ${millions(sizes.teacher)}.`),
    `warmupSteps ${student.warmupSteps}: at most a tenth of the steps.`,
    `views ${views}: each stored view is replayed ` +
      `${counted(Math.round(student.epochs / views), 'time', 'times')}.`,
    `time mask up to ${Math.round(frames / 5)} frames: a fifth of a chunk. topK ` +
      (classes === null
        ? "20 of the teacher's classes."
        : `${Math.min(20, classes)} of ${classes} classes.`),
  ];
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 10;
}

function shown(seconds: number | undefined): string {
  return (seconds ?? 0).toFixed(1);
}
