/** What of a run's settings deserves a look before anything is spent on it. Pure. */
import type { Hint } from './hints';
import type { DistillRun } from './run-file';
import type { ImportModelsInput } from './activities';
import { CHAMPION, type Augment, type TeacherTraining } from './run-file-sections';

/** @param labelled clips of eval that have labels; undefined where that is not known */
export function promotionNotes(
  { promote, corpus }: DistillRun,
  labelled: number | undefined,
): string[] {
  if (!promote || labelled !== 0) return [];
  return [
    `corpus.eval: ${corpus.eval ?? ''} has no labels, so promote can compare no models: ` +
      'no student will be promoted',
  ];
}

/** The champion and the students that start from it; null where none does. */
export function startsFromChampion({
  promote,
  students,
}: DistillRun): NonNullable<ImportModelsInput['champion']> | null {
  const starting = students.flatMap(({ init, model }, index) =>
    init === CHAMPION ? [{ field: `students[${index}].init`, model }] : [],
  );
  return promote && starting.length > 0 ? { place: promote.champion, students: starting } : null;
}

/**
 * @param validation clips of the split, and those of them that have labels; absent in plans of
 *   earlier versions
 * @returns for which the run is refused
 */
export function ensembleProblems(
  { ensemble = 'equal', corpus }: DistillRun,
  validation: { clips: number; labelled?: number } | null | undefined,
): string[] {
  if (ensemble === 'equal' || !validation) return [];
  const { clips, labelled = clips } = validation;
  if (labelled === clips) return [];
  return [
    `ensemble: ${ensemble} fits weights to labels, and ${clips - labelled} of ${clips} clips of ` +
      `corpus.validation (${corpus.validation ?? ''}) have none; label them, or leave ensemble out`,
  ];
}

/** @param chunks of the training split */
export function trainingSteps(
  { epochs, batchSize }: Pick<TeacherTraining, 'epochs' | 'batchSize'>,
  chunks: number,
): number {
  return epochs * Math.ceil(chunks / batchSize);
}

/** @returns a sentence for each training whose warm-up does not end before it does */
export function warmupNotes(
  section: 'students' | 'teachers',
  trainings: readonly TeacherTraining[],
  chunks: number,
): string[] {
  return trainings.flatMap((training, index) => {
    const steps = trainingSteps(training, chunks);
    const { warmupSteps, learningRate } = training;
    if (steps === 0 || warmupSteps < steps) return [];
    const reached = ((learningRate * steps) / warmupSteps).toPrecision(2);
    return [
      `${section}[${index}].warmupSteps: ${warmupSteps} of ${steps} steps: the learning rate ` +
        `ends at ${reached} instead of ${learningRate}; a tenth of the steps is usual`,
    ];
  });
}

/** Frames of 10 ms. */
const FRAMES_A_SECOND = 100;
const WIDEST_SHARE = 0.3;
const USUAL_SHARE = 0.2;

/** @returns masks that can hide so much of a chunk that teachers see little of it */
export function maskHints({ maxFrames }: Augment['timeMask'], chunkSeconds: number): Hint[] {
  const frames = Math.round(chunkSeconds * FRAMES_A_SECOND);
  const share = Math.min(1, maxFrames / frames);
  if (share <= WIDEST_SHARE) return [];
  return [
    {
      kind: 'wide masks',
      about: 'augment.timeMask.maxFrames',
      value: share,
      text:
        `augment.timeMask.maxFrames: ${maxFrames} frames hide up to ${Math.round(100 * share)} % ` +
        `of a chunk of ${chunkSeconds} s; a fifth is usual: ` +
        `${Math.round(USUAL_SHARE * frames)} frames`,
    },
  ];
}

/** @returns a sentence for each field that a training gives by its earlier name */
export function renamedNotes(
  section: 'students' | 'teachers',
  trainings: readonly Pick<TeacherTraining, 'gradientAccumulation'>[],
): string[] {
  return trainings.flatMap(({ gradientAccumulation }, index) =>
    gradientAccumulation === undefined
      ? []
      : [`${section}[${index}].gradientAccumulation: is called parts now; both names are read`],
  );
}

/**
 * Most workers that can train a model together: each computes whole parts of a batch.
 */
export function mostWorkers({
  workers,
  parts,
  gradientAccumulation = 1,
}: Pick<TeacherTraining, 'workers' | 'parts' | 'gradientAccumulation'>): number {
  return Math.min(workers?.max ?? 1, parts ?? gradientAccumulation);
}

/** @returns a sentence for each training that asks for more workers than its batches have parts */
export function workerNotes(
  section: 'students' | 'teachers',
  trainings: readonly TeacherTraining[],
): string[] {
  return trainings.flatMap((training, index) => {
    const asked = training.workers?.max ?? 1;
    const most = mostWorkers(training);
    if (most === asked) return [];
    return [
      `${section}[${index}].workers: max is ${asked} and parts is ${most}: a worker computes ` +
        `whole parts of a batch, so no more than ${most} take part; raise parts for more`,
    ];
  });
}
