/**
 * Budgets of trainings. An activity turns them into epochs when the corpus is ingested, so that
 * they are in the history: later versions of the workers train on for the same epochs. Nothing
 * after it knows of budgets.
 */
import { counted } from './counted';
import type { FinalizedCorpus, FinalizeInput } from './activities';
import type { DistillRun, TeachRun } from './run-file';
import type { TeacherTraining } from './run-file-sections';
import { trainingSteps } from './run-notes';

/** What the epochs depend on beside the corpus; nothing for a run without budgets. */
export function budgetsOf(
  run: DistillRun | TeachRun,
  classes: number,
): Pick<FinalizeInput, 'classes' | 'trainings'> {
  const stated = trainingsOf(run);
  if (stated.every(({ budget }) => budget === undefined)) return {};
  const trainings = stated.map(({ model, batchSize, budget }) => ({
    ...{ model, batchSize },
    ...(budget === undefined ? {} : { budget }),
  }));
  return { classes, trainings };
}

/** @returns for which the run is refused: workers of earlier versions ignore budgets */
export function budgetProblems(
  { trainings }: Pick<FinalizeInput, 'trainings'>,
  { epochs }: Pick<FinalizedCorpus, 'epochs'>,
): string[] {
  if (!trainings || epochs) return [];
  return [
    'budget: the corpus was finished by a worker of an earlier version, which knows no budgets; ' +
      'update every worker and start the run again, or state epochs',
  ];
}

/** The run with epochs in place of budgets, and a note for each. */
export function withinBudgets<R extends DistillRun | TeachRun>(
  run: R,
  { epochs, leastMinutes, train }: Pick<FinalizedCorpus, 'epochs' | 'leastMinutes' | 'train'>,
): { run: R; notes: string[] } {
  if (!epochs) return { run, notes: [] };
  const section = 'students' in run ? 'students' : 'teachers';
  const chunks = train?.chunks ?? 0;
  const become = { epochs, leastMinutes };
  const { trainings, notes } = withEpochs(section, trainingsOf(run), become, chunks);
  return { run: { ...run, [section]: trainings }, notes };
}

interface Budgeted {
  readonly epochs: readonly (number | null)[];
  readonly leastMinutes?: readonly (number | null)[] | undefined;
}

/**
 * @param epochs of each training; null where it states them itself
 * @param leastMinutes of those whose budget is less than the fewest epochs take
 * @param chunks of the training split
 */
export function withEpochs<T extends TeacherTraining>(
  section: 'students' | 'teachers',
  stated: readonly T[],
  { epochs, leastMinutes = [] }: Budgeted,
  chunks: number,
): { trainings: T[]; notes: string[] } {
  const notes: string[] = [];
  const trainings = stated.map((each, index) => {
    const become = epochs[index] ?? null;
    if (each.budget === undefined || become === null) return each;
    const steps = trainingSteps({ epochs: become, batchSize: each.batchSize }, chunks);
    const warmupSteps = Math.floor(Math.min(each.warmupSteps, steps / 10));
    const within = { ...each, epochs: become, warmupSteps };
    delete within.budget;
    notes.push(
      `${section}[${index}].budget: ${described(each.budget)} become epochs ${become} ` +
        `(${counted(steps, 'step')}), warmupSteps ${warmupSteps}${overrun(leastMinutes[index])}`,
    );
    return within;
  });
  return { trainings, notes };
}

/** Told where a run takes longer than was asked for. */
function overrun(minutes: number | null | undefined): string {
  if (minutes == null) return '';
  const shown = minutes < 10 ? minutes.toFixed(1) : Math.round(minutes);
  return `; fewer are not trained, and these take about ${shown} minutes at the stated speed`;
}

function described(budget: NonNullable<TeacherTraining['budget']>): string {
  return 'steps' in budget
    ? counted(budget.steps, 'step')
    : `${counted(budget.minutes, 'minute')} on ${counted(budget.cores, 'core')}`;
}

function trainingsOf(run: DistillRun | TeachRun): TeacherTraining[] {
  return 'students' in run ? run.students : run.teachers;
}
