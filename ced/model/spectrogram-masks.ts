/**
 * Time and frequency masks in the graph: the spans write 0 on the dB log-mel, so one traced
 * function serves every drawn mask.
 */
import type { Engine } from '../engine/engine';
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';

/** 1 inside [start, start + width), 0 outside: [batch, positions]. */
function inside(ops: Ops, masks: Tensor, startColumn: number, positions: number): Tensor {
  const batch = masks.shape[0] as number;
  const start = ops.slice(masks, [0, startColumn], [batch, 1]);
  const end = ops.add(start, ops.slice(masks, [0, startColumn + 1], [batch, 1]));
  const position = ops.constant(
    Float32Array.from({ length: positions }, (_, i) => i),
    [1, positions],
  );
  return ops.multiply(ops.greaterEqual(position, start), ops.less(position, end));
}

/**
 * `spectrogram` [batch, frames, mels]; `masks` [batch, 4]: time start, time width, frequency start,
 * frequency width.
 */
export function applyMasks(ops: Ops, spectrogram: Tensor, masks: Tensor): Tensor {
  const [batch, frames, mels] = spectrogram.shape as [number, number, number];
  const kept = (column: number, positions: number): Tensor =>
    ops.subtract(ops.scalar(1), inside(ops, masks, column, positions));
  const keptTime = ops.reshape(kept(0, frames), batch, frames, 1);
  const keptFrequency = ops.reshape(kept(2, mels), batch, 1, mels);
  return ops.multiply(ops.multiply(spectrogram, keptTime), keptFrequency);
}

/**
 * Spans as the engine takes them in; as floats, because integer comparisons would leave the GPU.
 * The caller frees the tensor.
 */
export function masksTensor(engine: Engine, masks: Int32Array, batch: number): Tensor {
  if (masks.length !== batch * 4)
    throw new RangeError(`${masks.length} mask numbers given for a batch of ${batch}`);
  return engine.tensor(Float32Array.from(masks), [batch, 4], 'float32');
}
