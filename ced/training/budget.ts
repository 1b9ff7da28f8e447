/**
 * What a budget of a training becomes: whole epochs, from the shape of the model, the number of
 * chunks and a stated speed. No clock is read, so the same run file trains the same model anywhere.
 */
import type { ModelConfig } from '../model/config';
import { forwardOperations } from '../model/operations';
import { modelConfig, type ModelShape } from '../model/shaped-config';

/** Minutes on so many cores at the stated speed, or steps. */
export type Budget = { minutes: number; cores: number } | { steps: number };

export interface BudgetedTraining {
  config: ModelConfig;
  chunkSeconds: number;
  /** Of the training split. */
  chunks: number;
  batchSize: number;
}

/** Of a training step, on a server's core: what small models reach with all they do besides. */
export const OPERATIONS_PER_SECOND_A_CORE = 3e10;
const LARGEST_STEPS = 40_000;
/** A small corpus repeated more often teaches nothing new. */
export const MOST_EPOCHS = 120;
/** However little time there is: fewer teach nothing that can be scored. */
export const FEWEST_EPOCHS = 4;
/** As many as a run file can state. */
const LARGEST_EPOCHS = 100_000;

/** Epochs of a budget, at least 1. Minutes become FEWEST_EPOCHS to MOST_EPOCHS. */
export function epochsOf(budget: Budget, training: BudgetedTraining): number {
  const { chunks, batchSize } = training;
  const stepsAnEpoch = Math.max(1, Math.ceil(chunks / batchSize));
  if ('steps' in budget)
    return Math.max(1, Math.min(LARGEST_EPOCHS, Math.round(budget.steps / stepsAnEpoch)));
  const affordable = budget.minutes * stepsAMinute(training, budget.cores);
  const wanted = Math.floor(Math.min(LARGEST_STEPS, affordable) / stepsAnEpoch);
  return Math.max(FEWEST_EPOCHS, Math.min(MOST_EPOCHS, wanted));
}

/** Training steps that so many cores do in a minute, a step being three forward passes. */
export function stepsAMinute(
  { config, chunkSeconds, batchSize }: Omit<BudgetedTraining, 'chunks'>,
  cores: number,
): number {
  const step = 3 * forwardOperations(config, chunkSeconds) * batchSize;
  return (60 * OPERATIONS_PER_SECOND_A_CORE * cores) / step;
}

/** Minutes that FEWEST_EPOCHS take where the budget has fewer; else null. */
export function minutesOfFewest(budget: Budget, training: BudgetedTraining): number | null {
  if ('steps' in budget) return null;
  const steps = FEWEST_EPOCHS * Math.max(1, Math.ceil(training.chunks / training.batchSize));
  const minutes = steps / stepsAMinute(training, budget.cores);
  return minutes > budget.minutes ? minutes : null;
}

export interface StatedTraining {
  model: ModelShape;
  batchSize: number;
  budget?: Budget | undefined;
}

/** The corpus of the trainings; chunks of its training split. */
export interface BudgetedCorpus {
  classes: number;
  chunks: number;
  chunkSeconds: number;
}

/** What the budgets of trainings on one corpus become; null for those without. */
export function budgetedEpochs(
  trainings: readonly StatedTraining[],
  corpus: BudgetedCorpus,
): (number | null)[] {
  return ofBudgets(trainings, corpus, epochsOf);
}

/** `minutesOfFewest` of each training; null also for those without a budget. */
export function budgetedMinutes(
  trainings: readonly StatedTraining[],
  corpus: BudgetedCorpus,
): (number | null)[] {
  return ofBudgets(trainings, corpus, minutesOfFewest);
}

function ofBudgets<T>(
  trainings: readonly StatedTraining[],
  { classes, chunks, chunkSeconds }: BudgetedCorpus,
  become: (budget: Budget, training: BudgetedTraining) => T | null,
): (T | null)[] {
  const vocabulary = Array.from({ length: classes }, (_, index) => ({ name: String(index) }));
  return trainings.map(({ model, batchSize, budget }) => {
    if (budget === undefined) return null;
    const config = modelConfig(model, chunkSeconds, vocabulary);
    return become(budget, { config, chunkSeconds, chunks, batchSize });
  });
}
