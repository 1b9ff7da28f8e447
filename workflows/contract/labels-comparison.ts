/** Whether an ensemble is better than what labels alone give, on labelled validation clips. */
import type { Hint } from './hints';
import type { EnsembleMember, ModelReference } from './models';

export interface CompareWithLabelsInput {
  store: string;
  planKey: string;
  ensemble: EnsembleMember[];
  fromLabels: ModelReference;
}

export interface LabelsComparison {
  /** Of validation, that have scores of all models. */
  clips: number;
  mAP: { ensemble: number; fromLabels: number };
  /**
   * Of mAP, what labels alone give more than the ensemble, with the middle 95 % of a bootstrap over
   * the clips.
   */
  gain: { mean: number; low: number; high: number };
}

/** @returns nothing where the ensemble is not below, or only within the interval */
export function labelsHints(comparison: LabelsComparison): Hint[] {
  const { gain, mAP, clips } = comparison;
  if (gain.low <= 0) return [];
  return [
    {
      kind: 'below labels',
      about: 'ensemble',
      value: gain.mean,
      error: halfInterval(comparison),
      text:
        `the ensemble (${digits(mAP.ensemble)}) is below what labels alone give ` +
        `(${digits(mAP.fromLabels)}), by ${digits(gain.mean)} ± ` +
        `${digits(halfInterval(comparison))} on ${clips} validation clips: train the teachers ` +
        'longer',
    },
  ];
}

/** What is told where there is no hint. */
export function labelsNote(comparison: LabelsComparison): string {
  const { gain, mAP, clips } = comparison;
  return (
    `fromLabels: labels alone give ${digits(mAP.fromLabels)} on ${clips} validation clips, the ` +
    `ensemble ${digits(mAP.ensemble)} (difference ${digits(-gain.mean)} ± ` +
    `${digits(halfInterval(comparison))})`
  );
}

function halfInterval({ gain: { low, high } }: LabelsComparison): number {
  return (high - low) / 2;
}

function digits(value: number): string {
  return value.toFixed(4).replace('-', '−');
}
