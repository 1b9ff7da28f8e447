/** The mean of several checkpoints of one model (the paper averages its best four). */
import type { WeightTensor, Weights } from '../model/weights';

/**
 * Summed in float64 in the order given, so the same list gives the same bytes; running statistics
 * are averaged like every weight.
 */
export function averageWeights(checkpoints: readonly Weights[]): Weights {
  const [first] = checkpoints;
  if (first === undefined) throw new RangeError('no checkpoints to average');
  const average = new Map<string, WeightTensor>();
  for (const [name, { shape }] of first) {
    const tensors = checkpoints.map((weights) => weights.get(name));
    const sums = new Float64Array(first.get(name)?.data.length ?? 0);
    for (const tensor of tensors) {
      if (tensor === undefined || tensor.shape.join() !== shape.join())
        throw new Error(`${name} differs in shape between the checkpoints`);
      for (let i = 0; i < sums.length; i++)
        sums[i] = (sums[i] as number) + (tensor.data[i] as number);
    }
    average.set(name, { shape, data: Float32Array.from(sums, (sum) => sum / checkpoints.length) });
  }
  return average;
}
