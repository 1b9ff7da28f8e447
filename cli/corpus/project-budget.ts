/**
 * How long the models of a new project are trained: as many steps as its clips and classes need, or
 * as many as fit into the time that its user gives. Either is written as a budget, which the run
 * turns into epochs when the corpus is ingested, whatever its tables hold by then.
 */
import type { ModelConfig } from '../../ced/model/config';
import {
  epochsOf,
  FEWEST_EPOCHS,
  MOST_EPOCHS,
  stepsAMinute,
  type Budget,
} from '../../ced/training/budget';

interface TrainedAs {
  config: ModelConfig;
  /** A teacher learns from labels, a student from soft targets. */
  role: 'teacher' | 'student';
}

export interface ProjectSize {
  /** Of the training split. */
  chunks: number;
  classes: number;
  chunkSeconds: number;
  batchSize: number;
  /** Cores that compute. */
  cores: number;
}

export interface ProjectBudget {
  budget: Budget;
  epochs: number;
  steps: number;
  /** On the cores, at the stated speed. */
  minutes: number;
}

/** Of a teacher. The bounds hold for few and for many classes. */
export const STEPS_A_CLASS = 120;
export const FEWEST_STEPS = 6_000;
export const MOST_STEPS = 20_000;
/** Soft targets teach a student for longer than labels teach a teacher. */
const STEPS_OF_A_ROLE = { teacher: 1, student: 2 };
const DIGITS_OF_MINUTES = 4;

/** @param minutes for all trainings together; null = as many as the clips and classes need */
export function projectBudgets(
  models: readonly TrainedAs[],
  size: ProjectSize,
  minutes: number | null,
): ProjectBudget[] {
  const speeds = models.map(({ config }) => stepsAMinute({ config, ...size }, size.cores));
  // Proportional to what each needs.
  const needs = models.map(({ role }, index) => STEPS_OF_A_ROLE[role] / speeds[index]!);
  const needed = needs.reduce((sum, need) => sum + need, 0);
  return models.map(({ config, role }, index) => {
    const budget: Budget =
      minutes === null
        ? { steps: stepsNeeded(role, size) }
        : {
            minutes: Number(((minutes * needs[index]!) / needed).toPrecision(DIGITS_OF_MINUTES)),
            cores: size.cores,
          };
    const epochs = epochsOf(budget, { config, ...size });
    const steps = epochs * stepsAnEpoch(size);
    return { budget, epochs, steps, minutes: steps / speeds[index]! };
  });
}

/** By the classes, but no fewer and no more epochs than a budget of minutes becomes. */
function stepsNeeded(role: TrainedAs['role'], size: ProjectSize): number {
  const ofTeacher = Math.max(FEWEST_STEPS, Math.min(MOST_STEPS, STEPS_A_CLASS * size.classes));
  const epochs = Math.round((STEPS_OF_A_ROLE[role] * ofTeacher) / stepsAnEpoch(size));
  return Math.max(FEWEST_EPOCHS, Math.min(MOST_EPOCHS, epochs)) * stepsAnEpoch(size);
}

export function stepsAnEpoch({
  chunks,
  batchSize,
}: Pick<ProjectSize, 'chunks' | 'batchSize'>): number {
  return Math.max(1, Math.ceil(chunks / batchSize));
}
