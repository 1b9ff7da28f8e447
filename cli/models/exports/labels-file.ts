/**
 * `labels.json`: what a program has to know to feed an exported model and to name its outputs. It
 * lies beside every exported model.
 */
import { sampleRate } from '../../../ced/audio/mono16k';
import { labelOf } from '../../../ced/metrics/top-tags';
import type { ModelConfig } from '../../../ced/model/config';
import { shortestSamples } from '../../../ced/onnx/model-graph';
import { defaultChunkSeconds } from '../tag-audio';

export interface LabelsFile {
  readonly formatVersion: 1;
  /** Hz of the mono audio that the model takes. */
  readonly sampleRate: number;
  /** The length that `ced tag` predicts at once; longer audio is cut, end to end or overlapping. */
  readonly windowSeconds: number;
  /** Shorter audio is refused. */
  readonly shortestSamples: number;
  /** In the order of the outputs. */
  readonly classes: readonly LabelledClass[];
}

interface LabelledClass {
  readonly name: string;
  /** Probability from which on the class counts as present; null where none was fitted. */
  readonly threshold: number | null;
}

/** @param thresholds in the order of the classes; null = none were fitted */
export function labelsFile(
  config: ModelConfig,
  thresholds: readonly (number | null)[] | null,
): LabelsFile {
  return {
    formatVersion: 1,
    sampleRate,
    windowSeconds: defaultChunkSeconds(config),
    shortestSamples: shortestSamples(config),
    classes: classNames(config).map((name, at) => ({ name, threshold: thresholds?.[at] ?? null })),
  };
}

/** `mine.onnx` to `mine.labels.json`: models of one folder keep their own. */
export function labelsPath(model: string): string {
  return `${model.replace(/\.(?:onnx|tflite)$/i, '')}.labels.json`;
}

/** In the order of the outputs. */
export function classNames({ id2label, outputdim }: ModelConfig): string[] {
  return Array.from({ length: outputdim }, (_, at) => labelOf(id2label, at));
}
