/** How good tags are: a model's probabilities on labelled clips, told or not by thresholds. */
import { calibration, type Calibration } from './calibration';
import { classColumn } from './class-column';
import { operatingPoints, type OperatingPoint } from './operating-points';
import { chosenThresholds, type Thresholds } from './thresholds';

/** Of a class, or of all of them together. */
export interface TagScore {
  /** null = never told: no threshold serves. */
  threshold: number | null;
  /** Of the tags told; null where none is. */
  precision: number | null;
  /** Of the positives; null without one. */
  recall: number | null;
}

export interface TagScores {
  /** Precision and recall over every clip and class together, for falling thresholds. */
  curve: OperatingPoint[];
  /** The same for each class; empty without a positive. */
  classCurves: OperatingPoint[][];
  calibration: Calibration;
  /** With the best F1 on validation; null where the model has no thresholds. */
  atThresholds: { overall: Omit<TagScore, 'threshold'>; classes: TagScore[] } | null;
}

const CURVE_POINTS = 64;
const CLASS_CURVE_POINTS = 24;
/** A class of 20,000 clips takes some ten milliseconds. */
const CLASSES_AT_ONCE = 32;

/**
 * @param scores float32 [clips, classes]; @param labels uint8 [clips, classes]
 * @param thresholds of the model, for as many classes
 * @param onPart awaited before up to a second of arithmetic; may throw to give up
 */
export async function tagScores(
  scores: Float32Array,
  labels: Uint8Array,
  classes: number,
  thresholds: Thresholds | null,
  onPart: () => Promise<void>,
): Promise<TagScores> {
  const chosen = thresholds && chosenThresholds(thresholds, 'bestF1');
  const counts: TagCounts[] = [];
  const classCurves: OperatingPoint[][] = [];
  for (let index = 0; index < classes; index++) {
    if (index % CLASSES_AT_ONCE === 0) await onPart();
    const own = classColumn(scores, classes, index);
    const positive = classColumn(labels, classes, index);
    counts.push(countTags(own, positive, chosen?.[index] ?? null));
    classCurves.push(thinned(operatingPoints(own, positive), CLASS_CURVE_POINTS));
  }
  await onPart();
  const curve = thinned(operatingPoints(scores, labels), CURVE_POINTS);
  await onPart();
  const total = counts.reduce(
    (sum, { told, right, positives }) => ({
      told: sum.told + told,
      right: sum.right + right,
      positives: sum.positives + positives,
    }),
    { told: 0, right: 0, positives: 0 },
  );
  return {
    curve,
    classCurves,
    calibration: calibration(scores, labels),
    atThresholds: chosen && {
      overall: sharesOf(total),
      classes: counts.map((count, index) => ({
        threshold: chosen[index] ?? null,
        ...sharesOf(count),
      })),
    },
  };
}

interface TagCounts {
  told: number;
  right: number;
  positives: number;
}

function countTags(
  scores: Float32Array,
  labels: Float32Array,
  threshold: number | null,
): TagCounts {
  const counts = { told: 0, right: 0, positives: 0 };
  scores.forEach((score, row) => {
    const isPositive = labels[row] !== 0;
    const isTold = threshold !== null && score >= threshold;
    if (isPositive) counts.positives++;
    if (isTold) counts.told++;
    if (isTold && isPositive) counts.right++;
  });
  return counts;
}

function sharesOf({ told, right, positives }: TagCounts): Omit<TagScore, 'threshold'> {
  return {
    precision: told === 0 ? null : right / told,
    recall: positives === 0 ? null : right / positives,
  };
}

/** At most so many points, the first and the last among them. */
function thinned(points: readonly OperatingPoint[], most: number): OperatingPoint[] {
  if (points.length <= most) return [...points];
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => points[Math.round(index * step)]!);
}
