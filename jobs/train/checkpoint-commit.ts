/**
 * A checkpoint as plain data, so that it can be handed to another thread, and how it is committed:
 * the metrics that lead up to it, its files with `state.json` last, then the removal of checkpoints
 * that it replaces.
 */
import type { WeightTensor } from '../../ced/model/weights';
import type { TrainerState } from '../../ced/training/trainer';
import { encodeEvents } from '../../report/tensorboard-events';
import type { Store } from '../../storage/store';
import { commitSegment, type Segment } from '../../storage/training/metrics-segment';
import {
  pruneCheckpoints,
  writeCheckpoint,
  type TrainingState,
} from '../../storage/training/training-checkpoint';

export interface UncommittedCheckpoint {
  trainingKey: string;
  trainer: TrainerState;
  state: Omit<TrainingState, 'formatVersion' | 'files'>;
  segment: Segment;
}

/** The memory of its tensors, each piece once: what a thread can take over without a copy. */
export function tensorMemory({ trainer }: UncommittedCheckpoint): ArrayBuffer[] {
  const memory = new Set<ArrayBuffer>();
  const { weights, adamM, adamV, averages } = trainer;
  for (const tensors of [weights, adamM, adamV, averages ?? new Map<string, WeightTensor>()])
    for (const { data } of tensors.values()) memory.add(data.buffer as ArrayBuffer);
  return [...memory];
}

export async function commitCheckpoint(
  store: Store,
  { trainingKey, trainer, state, segment }: UncommittedCheckpoint,
): Promise<void> {
  await commitMetrics(store, trainingKey, segment);
  await writeCheckpoint(store, trainingKey, trainer, state);
  await pruneCheckpoints(store, trainingKey);
}

/** A segment's lines, and the same as TensorBoard's events. */
export async function commitMetrics(
  store: Store,
  trainingKey: string,
  segment: Segment,
): Promise<void> {
  await commitSegment(store, trainingKey, segment, encodeEvents(segment.lines, segment.from));
}
