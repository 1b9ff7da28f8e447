/**
 * What the validations of a training say of a longer one: whether the value still rises at the end,
 * and what more steps would likely bring. Both with half a 95 % interval, which is wide where there
 * are few validations or noisy ones.
 */
import { studentT } from '../metrics/student-t';

export interface Validated {
  readonly step: number;
  /** Higher is better. */
  readonly value: number;
}

export interface Estimate {
  readonly mean: number;
  /** Half the 95 % interval. */
  readonly error: number;
}

const ERROR = 0.05;
const FEWEST_FOR_SLOPE = 4;
const FEWEST_FOR_FIT = 6;
/** The beginning, with its warm-up, follows no power of the steps. */
const SHARE_FITTED = 0.75;
/** Powers of the steps that are tried, 6 % apart. */
const POWERS = Array.from({ length: 72 }, (_, index) => 0.05 * 1.06 ** index);

/**
 * Rise of the value per step over the last third of the validations, four at least: a least-squares
 * line with Student's t. null with fewer.
 */
export function slopeAtEnd(points: readonly Validated[]): Estimate | null {
  if (points.length < FEWEST_FOR_SLOPE) return null;
  const last = points.slice(-Math.max(FEWEST_FOR_SLOPE, Math.ceil(points.length / 3)));
  const { slope, slopeError } = line(
    last.map(({ step, value }) => ({ x: step, y: value })),
    last.length - 2,
  );
  return { mean: slope, error: slopeError * studentT(last.length - 2, ERROR) };
}

/**
 * Gain of the value by `moreSteps` after the last step, by the curve a − b · step^−c through the
 * last three quarters of the validations. The interval is over every c that the points allow (an
 * F-test of its squared error) and of b under it. null with fewer than six points.
 */
export function gainOfMoreSteps(points: readonly Validated[], moreSteps: number): Estimate | null {
  const used = points.slice(-Math.ceil(SHARE_FITTED * points.length));
  const lastStep = used.at(-1)?.step ?? 0;
  if (used.length < FEWEST_FOR_FIT || lastStep <= 0) return null;
  const degrees = used.length - 3;
  const t = studentT(degrees, ERROR);
  const fits = POWERS.map((power) => {
    // Relative to the last step, so that b is the gap that is left.
    const xOf = (step: number): number => -((step / lastStep) ** -power);
    const { slope, slopeError, squares } = line(
      used.map(({ step, value }) => ({ x: xOf(step), y: value })),
      degrees,
    );
    const distance = xOf(lastStep + moreSteps) - xOf(lastStep);
    return { squares, mean: slope * distance, error: t * slopeError * distance };
  });
  const best = fits.reduce((least, fit) => (fit.squares < least.squares ? fit : least));
  const allowed = fits.filter(({ squares }) => squares <= best.squares * (1 + t ** 2 / degrees));
  const [low, high] = [
    Math.min(...allowed.map(({ mean, error }) => mean - error)),
    Math.max(...allowed.map(({ mean, error }) => mean + error)),
  ];
  return { mean: best.mean, error: Math.max(high - best.mean, best.mean - low) };
}

/** @param degrees of freedom that are left for the error */
function line(
  points: readonly { x: number; y: number }[],
  degrees: number,
): { slope: number; slopeError: number; squares: number } {
  const mean = (of: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const squares = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, slopeError: Math.sqrt(squares / degrees / spread), squares };
}
