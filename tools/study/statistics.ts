/**
 * What can be said of a few seeds: mean, spread, and whether a difference is more than the seeds'
 * own. Pure.
 */

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
  /**
   * Half the 95 % interval of the mean, by Student's t on differences within a seed; null for fewer
   * than two seeds.
   */
  readonly halfWidth: number | null;
}

/** @param pairs (reference, other), one a seed that both have */
export function pairedDifference(pairs: readonly (readonly [number, number])[]): Difference {
  const { count, mean, deviation } = summarise(
    pairs.map(([reference, other]) => reference - other),
  );
  return {
    mean,
    halfWidth: deviation === null ? null : (studentT(count - 1) * deviation) / Math.sqrt(count),
  };
}

export type Finding = 'higher' | 'lower' | 'within the noise' | 'too few seeds';

export function finding({ mean, halfWidth }: Difference): Finding {
  if (halfWidth === null) return 'too few seeds';
  if (Math.abs(mean) <= halfWidth) return 'within the noise';
  return mean > 0 ? 'higher' : 'lower';
}

/**
 * Two-sided 95 % quantile of Student's t by degrees of freedom; beyond the table, the last is a
 * little cautious.
 */
function studentT(degrees: number): number {
  const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
  return quantiles[Math.min(degrees, quantiles.length) - 1] ?? Infinity;
}
