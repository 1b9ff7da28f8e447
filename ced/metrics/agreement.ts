/**
 * How closely a student follows its ensemble on the same unaugmented clips: all there is to report
 * where nothing is labelled.
 *
 * - `binaryCrossEntropy`: the training loss (nats, mean over rows and classes) against the
 *   ensemble's full probabilities. Picks the best checkpoint when there are no labels.
 * - `divergence`: the same minus the ensemble's own entropy, i.e. the mean Bernoulli KL(ensemble ‖
 *   student): 0 is perfect, so values of different ensembles can be compared.
 * - `topMatch`: the fraction of rows in which both name the same most probable class (ties to the
 *   lower class).
 * - `mAP`: the student's macro mAP with the ensemble's decisions (probability above one half) as
 *   targets; null where it decides nothing.
 */
import { meanAveragePrecision } from './mean-average-precision';

export interface Agreement {
  readonly binaryCrossEntropy: number;
  readonly divergence: number;
  readonly topMatch: number;
  readonly mAP: number | null;
}

/**
 * PyTorch's BCELoss bounds logarithms the same way: a confident mistake costs 100 nats, not
 * infinity.
 */
const lowestLogarithm = -100;

function boundedLog(value: number): number {
  return Math.max(Math.log(value), lowestLogarithm);
}

/**
 * Mean binary cross-entropy in nats of predicted against target probabilities, both of any equal
 * shape.
 */
export function binaryCrossEntropy(
  predicted: ArrayLike<number>,
  target: ArrayLike<number>,
): number {
  if (predicted.length !== target.length)
    throw new RangeError(`${predicted.length} predictions for ${target.length} targets`);
  let sum = 0;
  for (let index = 0; index < predicted.length; index++) {
    const p = predicted[index]!;
    const t = target[index]!;
    sum -= t * boundedLog(p) + (1 - t) * boundedLog(1 - p);
  }
  return predicted.length === 0 ? 0 : sum / predicted.length;
}

/**
 * @param student [rows, classes];
 * @param ensemble [rows, classes]: full probabilities, not top-K
 */
export function agreement(
  student: ArrayLike<number>,
  ensemble: ArrayLike<number>,
  rows: number,
  classes: number,
): Agreement {
  if (student.length !== rows * classes)
    throw new RangeError(`${rows} × ${classes} probabilities expected, got ${student.length}`);
  let matches = 0;
  for (let row = 0; row < rows; row++)
    if (mostProbable(student, row, classes) === mostProbable(ensemble, row, classes)) matches++;
  const crossEntropy = binaryCrossEntropy(student, ensemble);
  return {
    binaryCrossEntropy: crossEntropy,
    divergence: crossEntropy - binaryCrossEntropy(ensemble, ensemble),
    topMatch: rows === 0 ? 0 : matches / rows,
    /** Computed where it is asked for: it takes seconds on a large table. */
    get mAP() {
      const targets = Uint8Array.from(ensemble, (probability) => (probability > 0.5 ? 1 : 0));
      return meanAveragePrecision({ scores: student, targets, rows, classes }).mean;
    },
  };
}

/** `divergence` of each row, nats a class. Same shapes as `agreement`. */
export function rowDivergences(
  student: Float32Array,
  ensemble: Float32Array,
  rows: number,
  classes: number,
): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    const [own, followed] = [student, ensemble].map((table) =>
      table.subarray(row * classes, (row + 1) * classes),
    ) as [Float32Array, Float32Array];
    return binaryCrossEntropy(own, followed) - binaryCrossEntropy(followed, followed);
  });
}

function mostProbable(table: ArrayLike<number>, row: number, classes: number): number {
  let best = 0;
  for (let index = 1; index < classes; index++)
    if (table[row * classes + index]! > table[row * classes + best]!) best = index;
  return best;
}
