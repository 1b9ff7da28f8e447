/** A model of the store with its score on a run's eval split, for the comparison by size. */
import type { Latency } from '../ced/metrics/latency';
import { operationsPerSecond } from '../ced/model/operations';
import type { ModelConfig } from '../ced/model/config';
import { parameterCount } from '../ced/model/parameters';
import { weightBytes } from '../ced/model/weight-bytes';

/** `labels`: trained from labels, the baseline of a distillation; `other`: of no known run. */
export type ScoredKind = 'student' | 'labels' | 'teacher' | 'other';

export interface ScoredModel {
  sha256: string;
  /** As in the run file; `run/name` of a model of another run. */
  name: string;
  kind: ScoredKind;
  /** Whether this run trained it or learned from it. */
  isOwn: boolean;
  mAP: number | null;
  /** Of the run's classes, how many it lacks: its mAP is over the others. Absent = none. */
  missing?: number;
  /** null where the network is not ours and says nothing of it. */
  parameters: number | null;
  /** Bytes of its weights. */
  weights: { float32: number | null; int8: number | null };
  /** Floating-point operations for a second of audio; null as above. */
  operations: number | null;
  latency: Latency | null;
}

/** @param config null of a network that is not ours */
export function sizeOf(
  config: ModelConfig | null,
  parameters: number | null,
  chunkSeconds: number,
): Pick<ScoredModel, 'parameters' | 'weights' | 'operations'> {
  if (config === null)
    return {
      parameters,
      weights: { float32: parameters === null ? null : 4 * parameters, int8: null },
      operations: null,
    };
  return {
    parameters: parameterCount(config),
    weights: { float32: weightBytes(config, 'float32'), int8: weightBytes(config, 'int8') },
    operations: operationsPerSecond(config, chunkSeconds),
  };
}
