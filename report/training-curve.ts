/** A training's loss and validation over its steps, with few enough points to draw. */
import type { EngineKind } from '../ced/engine/environment';
import type { MetricsLine } from '../ced/training/metrics-line';

export interface StepPoint {
  step: number;
  loss: number;
  learningRate: number;
}

export interface EpochPoint {
  epoch: number;
  step: number;
  loss: number;
  mAP: number | null;
  /** From the ensemble, on a validation split without labels. */
  divergence?: number;
}

export interface TrainingCurve {
  name: string;
  steps: StepPoint[];
  epochs: EpochPoint[];
  /** The engine that finished it; null if its last checkpoint is gone. */
  engine: EngineKind | null;
}

export const POINTS_DRAWN = 600;

export function curvePoints(lines: readonly MetricsLine[]): {
  steps: StepPoint[];
  epochs: EpochPoint[];
} {
  const steps: StepPoint[] = [];
  const epochs: EpochPoint[] = [];
  for (const line of lines) {
    if ('lr' in line) steps.push({ step: line.step, loss: line.loss, learningRate: line.lr });
    else epochs.push(line);
  }
  return { steps: thin(steps, POINTS_DRAWN), epochs };
}

/**
 * At most `most` points, each the mean of neighbours: dropping points instead would draw noise as
 * if it were a trend.
 */
export function thin(points: readonly StepPoint[], most: number): StepPoint[] {
  const width = Math.ceil(points.length / most);
  if (width <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / width) }, (_, bucket) => {
    const members = points.slice(bucket * width, (bucket + 1) * width);
    const mean = (value: (point: StepPoint) => number): number =>
      members.reduce((sum, point) => sum + value(point), 0) / members.length;
    return {
      step: Math.round(mean((point) => point.step)),
      loss: mean((point) => point.loss),
      learningRate: mean((point) => point.learningRate),
    };
  });
}
