/**
 * The macro means reported everywhere as mAP (paper section 4) and mAUC: over the classes that have
 * a positive in the evaluated rows; a class without one would otherwise count as zero or as
 * undefined, depending on the library.
 */
import { averagePrecision } from './average-precision';
import { rocAuc } from './roc-auc';

/**
 * Scores and targets of the same rows and classes, both row-major [rows, classes]; a target is
 * positive where not 0.
 */
export interface ScoredTable {
  readonly scores: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly rows: number;
  readonly classes: number;
  /** Classes that the model does not know, whose scores say nothing: they have no value. */
  readonly missing?: readonly number[];
}

export interface MacroMean {
  /** null when no class has a value: without labels there is no mAP, rather than one of 0. */
  readonly mean: number | null;
  /** [classes]; null where undefined. */
  readonly perClass: readonly (number | null)[];
}

/** @throws RangeError when a table's arrays are not rows × classes long */
export function meanAveragePrecision(table: ScoredTable): MacroMean {
  return macroMean(table, averagePrecision);
}

/** A class of 20,000 rows takes some ten milliseconds. */
const CLASSES_AT_ONCE = 32;

/** The same. @param onPart awaited before every 32 classes; may throw to give up */
export async function meanAveragePrecisionInParts(
  table: ScoredTable,
  onPart: () => Promise<void>,
): Promise<MacroMean> {
  const perClass: (number | null)[] = [];
  for (const value of valuesPerClass(table, averagePrecision)) {
    if (perClass.length % CLASSES_AT_ONCE === 0) await onPart();
    perClass.push(value);
  }
  return meanOf(perClass);
}

/** As meanAveragePrecision, over classes with a positive and a negative. */
export function meanRocAuc(table: ScoredTable): MacroMean {
  return macroMean(table, rocAuc);
}

type ClassMetric = (scores: Float64Array, targets: Float64Array) => number | null;

function macroMean(table: ScoredTable, metric: ClassMetric): MacroMean {
  return meanOf([...valuesPerClass(table, metric)]);
}

function* valuesPerClass(
  { scores, targets, rows, classes, missing = [] }: ScoredTable,
  metric: ClassMetric,
): Generator<number | null> {
  if (scores.length !== rows * classes || targets.length !== rows * classes) {
    throw new RangeError(
      `${rows} × ${classes} values expected, got ${scores.length} scores and ` +
        `${targets.length} targets`,
    );
  }
  const column = (table: ArrayLike<number>, index: number) =>
    Float64Array.from({ length: rows }, (_, row) => table[row * classes + index]!);
  const passedOver = new Set(missing);
  for (let index = 0; index < classes; index++)
    yield passedOver.has(index) ? null : metric(column(scores, index), column(targets, index));
}

function meanOf(perClass: readonly (number | null)[]): MacroMean {
  const defined = perClass.filter((value) => value !== null);
  return {
    mean:
      defined.length === 0 ? null : defined.reduce((sum, value) => sum + value, 0) / defined.length,
    perClass,
  };
}
