/**
 * Settings of a new project, scaled to its data and to the time that may be spent. Every choice
 * comes with its reason, which the project's README repeats.
 */
import { chunkPlan } from '../../ced/audio/chunks';
import { sampleRate } from '../../ced/audio/mono16k';
import { modelConfig } from '../../jobs/train/model-shape';
import { modelSchema } from '../../workflows/contract/run-file-sections';
import { forwardOperations } from '../run/run-estimate';

export interface ProjectData {
  trainClips: number;
  classes: number;
  /** Of a sample of training clips. */
  seconds: readonly number[];
  /** The project has labels to train teachers from. */
  trainsTeachers: boolean;
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

/** 1.05 M and 0.65 M parameters; the student's 0.34 M are a third of the larger. */
const TEACHER_MODELS = [
  { embedDim: 144, depth: 4, heads: 4 },
  { embedDim: 112, depth: 4, heads: 4 },
];
const STUDENT_MODEL = { embedDim: 92, depth: 3, heads: 4 };
/**
 * Of a training step, on one core of a server: what small models reach with all they do besides.
 */
const OPERATIONS_PER_SECOND_A_CORE = 3e10;
const LARGEST_STEPS = 40_000;
/** A small corpus repeated more often teaches nothing new. */
const MOST_EPOCHS = 120;
/** Shares of the time; the rest goes to ingest, logits and scoring. */
const TEACHERS_SHARE = 0.5;
const STUDENT_SHARE = 0.35;
const STUDENT_SHARE_ALONE = 0.7;

export function projectSettings(data: ProjectData): ProjectSettings {
  const chunkSeconds = chunkLength(data.seconds);
  const chunks = Math.max(1, Math.round(data.trainClips * chunksAClip(data.seconds, chunkSeconds)));
  const batchSize = chunks < 256 ? 8 : chunks < 20_000 ? 16 : 32;
  const training = (
    model: TrainingSettings['model'],
    learningRate: number,
    minutes: number,
  ): TrainingSettings => {
    const stepsAnEpoch = Math.ceil(chunks / batchSize);
    const affordable = affordableSteps(model, data, chunkSeconds, batchSize, minutes);
    const steps = Math.min(LARGEST_STEPS, affordable);
    const epochs = Math.max(4, Math.min(MOST_EPOCHS, Math.floor(steps / stepsAnEpoch)));
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
  const teacherMinutes = (data.minutes * TEACHERS_SHARE) / TEACHER_MODELS.length;
  const teachers = data.trainsTeachers
    ? TEACHER_MODELS.map((model) => training(model, 0.0015, teacherMinutes))
    : [];
  const share = data.trainsTeachers ? STUDENT_SHARE : STUDENT_SHARE_ALONE;
  const student = training(STUDENT_MODEL, 0.002, data.minutes * share);
  const views = student.epochs < 12 ? 2 : student.epochs < 60 ? 4 : 8;
  const frames = Math.round(chunkSeconds * 100);
  return {
    chunkSeconds,
    views,
    topK: Math.min(20, data.classes),
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
    }),
  };
}

/** Nine clips of ten fit into one chunk; ten seconds is what the published models were made for. */
function chunkLength(seconds: readonly number[]): number {
  const ninth = quantile(seconds, 0.9);
  return Math.min(10, Math.max(0.5, Math.ceil(ninth * 2) / 2));
}

function chunksAClip(seconds: readonly number[], chunkSeconds: number): number {
  const counts = seconds.map((one) => chunkPlan(Math.round(one * sampleRate), chunkSeconds).length);
  return counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length);
}

function affordableSteps(
  model: TrainingSettings['model'],
  { classes, cores }: ProjectData,
  chunkSeconds: number,
  batchSize: number,
  minutes: number,
): number {
  const vocabulary = Array.from({ length: classes }, (_, index) => ({ name: String(index) }));
  const shape = modelSchema.parse(model);
  const config = modelConfig(shape, chunkSeconds, vocabulary);
  const step = 3 * forwardOperations(config, chunkSeconds) * batchSize;
  return Math.floor((minutes * 60 * OPERATIONS_PER_SECOND_A_CORE * cores) / step);
}

function reasonsFor(
  { seconds, minutes, cores, trainClips, classes }: ProjectData,
  chosen: Pick<ProjectSettings, 'chunkSeconds' | 'views' | 'teachers' | 'student'> & {
    chunks: number;
    batchSize: number;
    frames: number;
  },
): string[] {
  const { chunkSeconds, chunks, batchSize, views, teachers, student, frames } = chosen;
  const [least, middle, ninth, most] = [0, 0.5, 0.9, 1].map((share) => quantile(seconds, share));
  const steps = student.epochs * Math.ceil(chunks / student.batchSize);
  return [
    `chunkSeconds ${chunkSeconds}: clips last ${shown(least)} to ${shown(most)} s, half of ` +
      `them under ${shown(middle)} s and nine of ten under ${shown(ninth)} s; at most 10.`,
    `batchSize ${batchSize}: ${trainClips} training clips are ${chunks} chunks.`,
    `epochs ${student.epochs} of the student are ${steps} steps: as many as ${minutes} ` +
      `minutes in all allow on ${cores} cores (--minutes), and at most ${MOST_EPOCHS} epochs.`,
    ...(teachers.length === 0
      ? []
      : [
          `teachers: ${teachers.length} models of 1.05 M and 0.65 M parameters with half of ` +
            'the time; the student has 0.34 M, a third of the largest.',
        ]),
    `warmupSteps ${student.warmupSteps}: at most a tenth of the steps.`,
    `views ${views}: each stored view is replayed ${Math.round(student.epochs / views)} times.`,
    `time mask up to ${Math.round(frames / 5)} frames: a fifth of a chunk. topK ` +
      `${Math.min(20, classes)} of ${classes} classes.`,
  ];
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 10;
}

function shown(seconds: number | undefined): string {
  return (seconds ?? 0).toFixed(1);
}
