/** Why a new project has the settings that it has, a sentence a choice. */
import { counted } from '../../ced/counted';
import { FEWEST_EPOCHS, MOST_EPOCHS } from '../../ced/training/budget';
import { duration, millions } from '../quantities';
import {
  FEWEST_STEPS,
  MOST_STEPS,
  STEPS_A_CLASS,
  type ProjectBudget,
  type ProjectSize,
} from './project-budget';

export interface ReasonedData {
  trainClips: number;
  validationClips: number;
  /** null where only the worker of a teacher knows them. */
  classes: number | null;
  /** For all trainings; null = as many as the clips and classes need. */
  minutes: number | null;
  /** Cores that compute. */
  cores: number;
  /** Whether this clone was set up for a GPU, whose speed is not known. */
  hasGpu: boolean;
}

export interface ReasonedChoice {
  size: ProjectSize;
  /** Seconds of clips: of the shortest and the longest, and of half and nine in ten of train. */
  lengths: { least: number; most: number; middle: number; ninth: number };
  longestChunk: number;
  topK: number;
  timeMaskFrames: number;
  views: number;
  /** Parameters. Infinite where only workers know the teachers'. */
  sizes: { student: number; teacher: number };
  /** Teachers that are trained. */
  teachers: number;
  /** Of these, of the student's model from labels alone if it is trained, and of the student. */
  budgets: readonly ProjectBudget[];
  /** Of the time, for trainings. */
  share: number;
  student: { warmupSteps: number; earlyStopSteps?: number };
}

export function projectReasons(data: ReasonedData, chosen: ReasonedChoice): string[] {
  const { trainClips, classes } = data;
  const { size, lengths, longestChunk, views, sizes, topK } = chosen;
  const { chunkSeconds, chunks, batchSize } = size;
  const { epochs } = chosen.budgets.at(-1)!;
  const [least, most, middle, ninth] = [
    ...[lengths.least, lengths.most],
    ...[lengths.middle, lengths.ninth],
  ].map((seconds) => seconds.toFixed(1));
  return [
    `chunkSeconds ${chunkSeconds}: clips last ${least} to ${most} s, half of ` +
      `those of train under ${middle} s and nine of ten under ${ninth} s; at most ` +
      `${longestChunk}, and no more than the input of a given teacher.`,
    `batchSize ${batchSize}: ${counted(trainClips, 'training clip is', 'training clips are')} ` +
      `${counted(chunks, 'chunk', 'chunks')}.`,
    ...lengthReasons(data, chosen),
    `model of the student: ${millions(sizes.student)} parameters, ` +
      (sizes.teacher === Infinity
        ? "the most that is chosen here, as a worker's teacher is not asked for its size."
        : `at most a third of the largest teacher's ${millions(sizes.teacher)}.`),
    `views ${views}: each stored view is replayed ` +
      `${counted(Math.round(epochs / views), 'time', 'times')}.`,
    `time mask up to ${chosen.timeMaskFrames} frames: a fifth of a chunk. topK ` +
      (classes === null ? `${topK} of the teacher's classes.` : `${topK} of ${classes} classes.`),
  ];
}

/** Why the models are trained for so long. */
function lengthReasons(
  { minutes, cores, hasGpu, validationClips }: ReasonedData,
  { budgets, student, share, teachers: trained }: ReasonedChoice,
): string[] {
  const { epochs, steps } = budgets.at(-1)!;
  const taken = budgets.reduce((sum, budget) => sum + budget.minutes, 0) / share;
  const onCores = `on ${counted(cores, 'core', 'cores')}${hasGpu ? ', less on a GPU' : ''}`;
  const teachers = budgets.slice(0, trained);
  const hasFromLabels = budgets.length > trained + 1;
  return [
    `epochs ${epochs} of the student are ${steps} steps: ` +
      (epochs === FEWEST_EPOCHS
        ? 'the fewest that are trained.'
        : epochs === MOST_EPOCHS
          ? 'more repetitions of so few clips teach nothing new.'
          : minutes === null
            ? `twice a teacher's, which takes ${STEPS_A_CLASS} a class, at least ` +
              `${FEWEST_STEPS} and at most ${MOST_STEPS}.`
            : `as many as --minutes ${minutes} allows for all trainings ${onCores}.`),
    ...(minutes === null
      ? [
          `budget: all trainings take about ${duration(60 * taken)} ${onCores}; --minutes N ` +
            'plans for another time.',
        ]
      : taken > minutes && budgets.some((budget) => budget.epochs === FEWEST_EPOCHS)
        ? [
            `--minutes ${minutes} is less than ${FEWEST_EPOCHS} epochs of every model take, the ` +
              `fewest that are trained: ${duration(60 * taken)}.`,
          ]
        : []),
    ...(teachers.length === 0
      ? []
      : [
          `teachers: ${teachers.length} models, ` +
            `${teachers.map((each) => each.epochs).join(' and ')} epochs.`,
        ]),
    ...(hasFromLabels
      ? [
          "fromLabels: the student's model learns from labels alone too, for as many steps as a " +
            'teacher, so that the run can say if its ensemble is below what labels give.',
        ]
      : []),
    student.earlyStopSteps === undefined
      ? `earlyStop 0: ${counted(validationClips, 'validation clip', 'validation clips')} cannot ` +
        'tell when to stop early.'
      : `earlyStopSteps ${student.earlyStopSteps} of the student: a training ends early where a ` +
        'third of it brought nothing new on validation.',
    `warmupSteps ${student.warmupSteps}: at most a tenth of the steps.`,
  ];
}
