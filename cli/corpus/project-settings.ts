/**
 * Settings of a new project, scaled to its data and to the time that may be spent, if one is given.
 * Every choice comes with its reason, which the project's README repeats.
 */
import { chunkPlan } from '../../ced/audio/chunks';
import { sampleRate } from '../../ced/audio/mono16k';
import type { ModelConfig } from '../../ced/model/config';
import { parameterCount } from '../../ced/model/parameters';
import { modelConfig } from '../../ced/model/shaped-config';
import type { Budget } from '../../ced/training/budget';
import { modelSchema } from '../../workflows/contract/run-file-sections';
import {
  projectBudgets,
  stepsAnEpoch,
  type ProjectBudget,
  type ProjectSize,
} from './project-budget';
import { projectReasons, type ReasonedChoice, type ReasonedData } from './project-reasons';

export interface ProjectData extends ReasonedData {
  /** Of a sample of training clips. */
  seconds: readonly number[];
  /** Of every clip that was read, whatever its split. */
  allSeconds: readonly number[];
  /** Those that exist already, null for a worker's; none = they are trained from the labels. */
  teachers: readonly (ModelConfig | null)[];
}

export interface TrainingSettings {
  model: { embedDim: number; depth: number; heads: number };
  budget: Budget;
  batchSize: number;
  learningRate: number;
  warmupSteps: number;
  validateEvery: number;
  /** Absent: no early stop. */
  earlyStopSteps?: number;
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
  /** The student's model from labels alone, to compare the ensemble with; null = it is not. */
  fromLabels: TrainingSettings | null;
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
const LARGEST_TOP_K = 20;
/** AudioSet's, which most published teachers have. */
const ASSUMED_CLASSES = 527;
/** Of the time for all trainings; the rest goes to ingest, logits and scoring. */
const TRAINED_SHARE = 0.85;
const TRAINED_SHARE_OF_STUDENT_ALONE = 0.7;
const MOST_WARMUP_STEPS = 500;
/**
 * Of validation. By fewer clips nothing is decided: one that is ranked otherwise can be the best
 * validation for long, and the sampling error hides what an ensemble lacks.
 */
const FEWEST_TO_DECIDE_BY = 100;
/** Validations without a new best before an early stop, at least. */
const FEWEST_WITHOUT_GAIN = 5;

export function projectSettings(data: ProjectData): ProjectSettings {
  const classes = data.classes ?? ASSUMED_CLASSES;
  const chunkSeconds = chunkLength(data.seconds, known(data.teachers));
  const chunks = Math.max(1, Math.round(data.trainClips * chunksAClip(data.seconds, chunkSeconds)));
  const batchSize = chunks < 256 ? 8 : chunks < 20_000 ? 16 : 32;
  const size = { chunks, classes, chunkSeconds, batchSize, cores: data.cores };
  const sizes = sizesOf(data.teachers, classes, chunkSeconds);
  const models = data.teachers.length === 0 ? TEACHER_MODELS : [];
  const share = models.length > 0 ? TRAINED_SHARE : TRAINED_SHARE_OF_STUDENT_ALONE;
  const canDecide = data.validationClips >= FEWEST_TO_DECIDE_BY;
  const fromLabels = models.length > 0 && canDecide ? [sizes.model] : [];
  const labelled = [...models, ...fromLabels];
  const budgets = projectBudgets(
    [
      ...labelled.map((model) => ({ config: configOf(model, size), role: 'teacher' as const })),
      { config: configOf(sizes.model, size), role: 'student' },
    ],
    size,
    data.minutes && data.minutes * share,
  );
  const settingsOf = (
    model: TrainingSettings['model'],
    learningRate: number,
    planned: ProjectBudget,
  ): TrainingSettings => ({
    model,
    ...trainedFor(planned, size, canDecide),
    ...{ batchSize, learningRate },
    warmupSteps: Math.floor(Math.min(MOST_WARMUP_STEPS, planned.steps / 10)),
  });
  const budget = budgets.at(-1)!;
  const views = budget.epochs < 12 ? 2 : budget.epochs < 60 ? 4 : 8;
  const topK = Math.min(LARGEST_TOP_K, classes);
  const timeMaskFrames = Math.round(chunkSeconds * 20);
  const student = settingsOf(sizes.model, 0.002, budget);
  return {
    chunkSeconds,
    views,
    topK,
    timeMaskFrames,
    freqMaskBins: 16,
    teachers: models.map((model, index) => settingsOf(model, 0.0015, budgets[index]!)),
    student,
    fromLabels:
      fromLabels.length > 0 ? settingsOf(sizes.model, 0.002, budgets[models.length]!) : null,
    reasons: projectReasons(data, {
      ...{ size, longestChunk: LONGEST_CHUNK, topK, timeMaskFrames, views },
      ...{ lengths: lengthsOf(data), sizes, budgets, share, student },
      teachers: models.length,
    }),
  };
}

/** How long a model is trained, and how often it is validated until then. */
function trainedFor(
  { budget, epochs }: ProjectBudget,
  size: ProjectSize,
  canStop: boolean,
): Pick<TrainingSettings, 'budget' | 'validateEvery' | 'averageBest' | 'earlyStopSteps'> {
  const validateEvery = Math.max(1, Math.round(epochs / 15));
  const withoutGain = Math.max(FEWEST_WITHOUT_GAIN * validateEvery, Math.ceil(epochs / 3));
  return {
    budget,
    validateEvery,
    averageBest: epochs < 15 ? 1 : 3,
    ...(canStop ? { earlyStopSteps: withoutGain * stepsAnEpoch(size) } : {}),
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
    parameterCount(configOf(model, { classes, chunkSeconds }));
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
  { classes, chunkSeconds }: Pick<ProjectSize, 'classes' | 'chunkSeconds'>,
): ModelConfig {
  const vocabulary = Array.from({ length: classes }, (_, index) => ({ name: String(index) }));
  return modelConfig(modelSchema.parse(model), chunkSeconds, vocabulary);
}

function chunksAClip(seconds: readonly number[], chunkSeconds: number): number {
  const counts = seconds.map((one) => chunkPlan(Math.round(one * sampleRate), chunkSeconds).length);
  return counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length);
}

function lengthsOf({ seconds, allSeconds }: ProjectData): ReasonedChoice['lengths'] {
  const [middle, ninth] = [quantile(seconds, 0.5), quantile(seconds, 0.9)];
  return { least: quantile(allSeconds, 0), most: quantile(allSeconds, 1), middle, ninth };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 10;
}
