/**
 * The input of a step: tensors of the engine, and how the traced function turns them into a
 * spectrogram.
 */
import { logMelInPieces, pcmTensor } from '../audio/log-mel';
import { joinedRows, rowsIn, type RowRange } from '../engine/branches';
import type { Engine } from '../engine/engine';
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { ArgumentSpec } from '../engine/tracer';
import { applyMasks, masksTensor } from '../model/spectrogram-masks';
import type { TrainingBatch } from './training-batch';

export interface StepInput {
  /** Kind and shape, part of the traced function's key. */
  readonly kind: string;
  readonly batch: number;
  readonly specs: readonly ArgumentSpec[];
  /** Freed by the caller after the step. */
  readonly tensors: readonly Tensor[];
  /** From the traced function's arguments to some rows of [batch, frames, mels]. */
  readonly spectrogramOf: (
    ops: Ops,
    tensors: readonly Tensor[],
    rows: readonly RowRange[],
  ) => Tensor;
  readonly targets: Float32Array;
  readonly lambda: Float32Array | null;
}

/** Audio and masks. */
export function audioInput(
  engine: Engine,
  mels: number,
  { pcm, batch, samples, masks, targets, lambda }: TrainingBatch,
): StepInput {
  const specs: ArgumentSpec[] = [{ dtype: 'uint8', shape: [batch, samples, 2] }];
  const tensors = [pcmTensor(engine, pcm, batch, samples)];
  if (masks !== null) {
    specs.push({ dtype: 'float32', shape: [batch, 4] });
    tensors.push(masksTensor(engine, masks, batch));
  }
  const spectrogramOf: StepInput['spectrogramOf'] = (ops, [bytes, spans], rows) => {
    const own = rows.map((range) => rowsIn(ops, bytes as Tensor, [range]));
    const spectrogram = joinedRows(
      ops,
      own.map((clips) => logMelInPieces(ops, clips, mels, engine.kind.device)),
    );
    return spans === undefined
      ? spectrogram
      : applyMasks(ops, spectrogram, rowsIn(ops, spans, rows));
  };
  return {
    kind: `pcm ${samples} ${masks !== null}`,
    batch,
    specs,
    tensors,
    spectrogramOf,
    targets,
    lambda,
  };
}

/** Log-mel spectrograms in dB, [batch, mels, frames]. */
export function spectrogramInput(
  engine: Engine,
  spectrogram: Float32Array,
  shape: readonly [batch: number, mels: number, frames: number],
  targets: Float32Array,
  lambda: Float32Array | null,
): StepInput {
  return {
    kind: `spectrogram ${shape[2]}`,
    batch: shape[0],
    specs: [{ dtype: 'float32', shape }],
    tensors: [engine.tensor(spectrogram, shape, 'float32')],
    spectrogramOf: (ops, [input], rows) =>
      ops.transpose(rowsIn(ops, input as Tensor, rows), 0, 2, 1),
    targets,
    lambda,
  };
}
