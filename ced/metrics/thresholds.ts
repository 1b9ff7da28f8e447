/**
 * Thresholds that make tags of a model's probabilities, for each class, fitted on a labelled
 * validation split: `thresholds.json` in a model's folder. It holds several, so that a criterion
 * can be chosen later: the best F1, or a precision that the tags should have.
 *
 * Fitted on a hundred clips of a class a threshold is an estimate; `positives` says how many there
 * were.
 */
import { z } from 'zod';
import type { Vocabulary } from '../teachers/vocabulary';
import { classColumn } from './class-column';
import { f1, operatingPoints, operatingPointSchema, type OperatingPoint } from './operating-points';

/** For each of these the file has the threshold of the highest recall. */
export const STATED_PRECISIONS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99] as const;

const fittedSchema = z.object({
  /** Labelled clips that the thresholds were fitted on. */
  positives: z.number(),
  /** null without a positive. */
  bestF1: operatingPointSchema.nullable(),
  /** Ascending; only those that some threshold reaches. */
  atPrecision: z.array(operatingPointSchema.extend({ stated: z.number() })),
});
type Fitted = z.output<typeof fittedSchema>;

export const thresholdsSchema = z.object({
  formatVersion: z.literal(1),
  /** Of the validation split. */
  clips: z.number(),
  /** One threshold for all classes, every clip and class counted alike. */
  overall: fittedSchema,
  /** In the order of the model's outputs. */
  classes: z.array(fittedSchema.extend({ mid: z.string(), name: z.string() })),
});
export type Thresholds = z.output<typeof thresholdsSchema>;

/** What a threshold is chosen for. */
export type Criterion = 'bestF1' | { readonly precision: number };

/**
 * @param scores float32 [clips, classes], probabilities
 * @param labels uint8 [clips, classes]
 */
export function fitThresholds(
  scores: Float32Array,
  labels: Uint8Array,
  vocabulary: Vocabulary,
): Thresholds {
  const { length: classes } = vocabulary;
  return {
    formatVersion: 1,
    clips: scores.length / classes,
    overall: fitted(scores, labels),
    classes: vocabulary.map(({ mid, name }, index) => ({
      mid,
      name,
      ...fitted(classColumn(scores, classes, index), classColumn(labels, classes, index)),
    })),
  };
}

function fitted(scores: ArrayLike<number>, targets: ArrayLike<number>): Fitted {
  const points = operatingPoints(scores, targets);
  let positives = 0;
  for (let row = 0; row < targets.length; row++) if (targets[row] !== 0) positives++;
  return {
    positives,
    bestF1: points.reduce<OperatingPoint | null>(
      (best, point) => (best === null || f1(point) > f1(best) ? point : best),
      null,
    ),
    atPrecision: STATED_PRECISIONS.flatMap((stated) => {
      const point = points.findLast(({ precision }) => precision >= stated);
      return point ? [{ stated, ...point }] : [];
    }),
  };
}

/**
 * The threshold of each class, in the order of the model's outputs. A class without a positive in
 * validation gets that of all classes together. null = the class is never told: no threshold of
 * it reaches the precision.
 * @param criterion a precision between two of `STATED_PRECISIONS` is taken as the higher one, and
 *   one above the highest as unreached
 */
export function chosenThresholds(
  { classes, overall }: Thresholds,
  criterion: Criterion,
): (number | null)[] {
  return classes.map((each) => thresholdOf(each.positives === 0 ? overall : each, criterion));
}

function thresholdOf({ bestF1, atPrecision }: Fitted, criterion: Criterion): number | null {
  if (criterion === 'bestF1') return bestF1?.threshold ?? null;
  return atPrecision.find(({ stated }) => stated >= criterion.precision)?.threshold ?? null;
}
