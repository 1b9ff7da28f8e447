/**
 * Turns stored parameters into what the engine takes: samples written in shifted order, and mask
 * edges as integers. The masks themselves are applied on the device, on the log-mel in dB, before
 * `init_bn`, with the value 0.
 */
import type { AugmentParameters } from './parameters';

/**
 * Writes `pcm`, rolled circularly to the right by `shift` samples, to `out` from `outOffset` on:
 * out[(i + shift) mod n] = pcm[i].
 * @throws RangeError when the shift is outside [0, n) or the result does not fit
 */
export function shiftInto(
  pcm: Int16Array,
  shift: number,
  out: Int16Array,
  outOffset: number,
): void {
  const samples = pcm.length;
  if (!Number.isInteger(shift) || shift < 0 || (shift >= samples && shift !== 0)) {
    throw new RangeError(`a shift of ${shift} samples does not belong to a chunk of ${samples}`);
  }
  out.set(pcm.subarray(samples - shift), outOffset);
  out.set(pcm.subarray(0, samples - shift), outOffset + shift);
}

/** Mask edges int32 [batch, 4]: time start, time width, frequency start, frequency width. */
export function masksToInt32(parameters: readonly AugmentParameters[]): Int32Array {
  const edges = new Int32Array(parameters.length * 4);
  parameters.forEach(({ timeStart, timeWidth, freqStart, freqWidth }, row) =>
    edges.set([timeStart, timeWidth, freqStart, freqWidth], row * 4),
  );
  return edges;
}
