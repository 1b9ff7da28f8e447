/**
 * What can be said of a few seeds: mean, spread, and whether a difference is more than the seeds'
 * own, or too small to matter. Pure.
 */
import { studentT } from '../../ced/metrics/student-t';

export interface Summary {
  readonly count: number;
  readonly mean: number;
  /** Sample standard deviation; null for fewer than two values. */
  readonly deviation: number | null;
}

export function summarise(values: readonly number[]): Summary {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { count, mean, deviation: null };
  return {
    count,
    mean,
    deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)),
  };
}

export interface Difference {
  readonly mean: number;
  /** Half the interval of the mean; null for fewer than two seeds, or before the first look. */
  readonly halfWidth: number | null;
}

/**
 * By Student's t on differences within a seed.
 * @param pairs (reference, other), one a seed that both have
 * @param error probability that the interval misses the true difference
 */
export function pairedDifference(
  pairs: readonly (readonly [number, number])[],
  error = 0.05,
): Difference {
  const { count, mean, deviation } = summarise(
    pairs.map(([reference, other]) => reference - other),
  );
  return {
    mean,
    halfWidth: deviation === null ? null : halfWidth(deviation, count, error),
  };
}

/** Half the interval of the mean of `count` differences with this standard deviation. */
export function halfWidth(deviation: number, count: number, error: number): number {
  return (tabulatedT(count - 1, error) * deviation) / Math.sqrt(count);
}

/** Those asked for so far. */
const table = new Map<string, number>();

/** To three decimals, as in printed tables. */
function tabulatedT(degrees: number, error: number): number {
  const key = `${degrees} ${error}`;
  const t = table.get(key) ?? Math.round(studentT(degrees, error) * 1000) / 1000;
  table.set(key, t);
  return t;
}

/** A difference of mAP that nobody would act on. */
export const SMALLEST_THAT_MATTERS = 0.005;
const SMALLER = `smaller than ${SMALLEST_THAT_MATTERS}` as const;

export type Finding = 'higher' | 'lower' | typeof SMALLER | 'within the noise' | 'too few seeds';

export function finding({ mean, halfWidth: half }: Difference): Finding {
  if (half === null) return 'too few seeds';
  if (Math.abs(mean) > half) return mean > 0 ? 'higher' : 'lower';
  return Math.abs(mean) + half < SMALLEST_THAT_MATTERS ? SMALLER : 'within the noise';
}

/** Whether the interval says that the reference is not lower by as much as matters. */
export function isNotLower({ mean, halfWidth: half }: Difference): boolean {
  return half !== null && mean - half > -SMALLEST_THAT_MATTERS;
}
