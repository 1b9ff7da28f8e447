/** Whether a model still learned when its training ended, told while a user can act on it. */
import {
  gainOfMoreSteps,
  slopeAtEnd,
  type Estimate,
  type Validated,
} from '../../ced/training/learning-curve';
import type { MetricsLine } from '../../ced/training/metrics-line';
import type { Hint } from '../../workflows/contract/hints';

export interface EndedTraining {
  name: string;
  epochs: number;
  /** Whether it learned from labels, as teachers do. */
  fromLabels: boolean;
}

/** Of mAP; of the divergence, as a share of the last one. */
const SMALLEST_GAIN = 0.005;
const SMALLEST_SHARE = 0.05;

/**
 * @param lines of the whole training
 * @returns null where it had few validations, or nothing beyond its noise to gain
 */
export function learningHint(
  { name, epochs, fromLabels }: EndedTraining,
  lines: readonly MetricsLine[],
): Hint | null {
  const curve = validatedCurve(lines);
  const lastStep = curve.points.at(-1)?.step;
  if (lastStep === undefined) return null;
  const more = Math.max(1, Math.round(epochs / 2));
  const gain = gainOfMoreSteps(curve.points, (more * lastStep) / epochs);
  const slope = slopeAtEnd(curve.points);
  const expected = gain ?? slopeOver(slope, (more * lastStep) / epochs);
  if (!expected || expected.mean - expected.error <= 0 || expected.mean < curve.smallest)
    return null;
  const { measure, sign } = curve;
  const perEpoch =
    slope && slope.mean > slope.error
      ? ` (at the end ${sign}${digits(slope, lastStep / epochs)} an epoch)`
      : '';
  const consequence = fromLabels
    ? `, and an ensemble of teachers that still learn may teach less than labels do`
    : '';
  return {
    kind: 'still learning',
    about: name,
    value: expected.mean,
    error: expected.error,
    text:
      `${name} still learned at its last epoch${perEpoch}: ${more} more epochs would likely ` +
      `bring ${sign}${digits(expected)} of ${measure}${consequence}; raise epochs to ` +
      `${epochs + more}`,
  };
}

interface ValidatedCurve {
  points: Validated[];
  measure: string;
  /** Of an improvement. */
  sign: '+' | '−';
  /** Improvement that is worth a word. */
  smallest: number;
}

/** By mAP, or without labels by the divergence from the ensemble, which falls. */
function validatedCurve(lines: readonly MetricsLine[]): ValidatedCurve {
  const epochs = lines.flatMap((line) => ('epoch' in line ? [line] : []));
  const scored = epochs.flatMap(({ step, mAP }) => (mAP === null ? [] : [{ step, value: mAP }]));
  if (scored.length > 0)
    return { points: scored, measure: 'validation mAP', sign: '+', smallest: SMALLEST_GAIN };
  const followed = epochs.flatMap(({ step, divergence }) =>
    divergence === undefined ? [] : [{ step, value: -divergence }],
  );
  const last = Math.abs(followed.at(-1)?.value ?? 0);
  return {
    ...{ points: followed, measure: 'divergence from the ensemble', sign: '−' },
    smallest: SMALLEST_SHARE * last,
  };
}

function slopeOver(slope: Estimate | null, steps: number): Estimate | null {
  return slope && { mean: slope.mean * steps, error: slope.error * steps };
}

/** `0.0123 ± 0.0045` */
function digits({ mean, error }: Estimate, times = 1): string {
  return `${(mean * times).toFixed(4)} ± ${(error * times).toFixed(4)}`;
}
