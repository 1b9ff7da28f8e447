/** Which epochs are validated: a function of the settings alone, whatever interrupts a training. */
import type { BestEntry } from './best-list';

export interface ValidationSchedule {
  readonly epochs: number;
  /** Epochs between validations; the last epoch is always validated. */
  readonly validateEvery: number;
}

/** What validations leave in the progress of a training. */
export interface ValidationHistory {
  best: BestEntry[];
  /** Steps at which validation ran, ascending. */
  validated: number[];
  /** Whether the training takes the steps that it takes undisturbed. */
  bitExact: boolean;
}

/** @param epoch finished epochs, counted from 1 */
export function isValidated(epoch: number, { epochs, validateEvery }: ValidationSchedule): boolean {
  return epoch % validateEvery === 0 || epoch === epochs;
}

/**
 * The history without validations off the schedule, which checkpoints of earlier versions hold
 * where a run was stopped. `bitExact` stays true only if they pushed nothing out of the best list
 * and no early stop was decided while they counted.
 */
export function onSchedule<History extends ValidationHistory>(
  history: History,
  settings: ValidationSchedule & { readonly averageBest: number; readonly earlyStop: number },
  stepsPerEpoch: number,
): History {
  const isScheduled = (step: number): boolean => isValidated(step / stepsPerEpoch, settings);
  const firstStray = history.validated.find((step) => !isScheduled(step));
  if (firstStray === undefined) return history;
  const validated = history.validated.filter(isScheduled);
  const best = history.best.filter(({ step }) => isScheduled(step));
  const isBestComplete = best.length === Math.min(settings.averageBest, validated.length);
  const isStopUndecided = settings.earlyStop === 0 || validated.every((step) => step < firstStray);
  return {
    ...history,
    best,
    validated,
    bitExact: history.bitExact && isBestComplete && isStopUndecided,
  };
}
