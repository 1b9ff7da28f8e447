/**
 * The K most probable classes of one row, as they are stored: probabilities are first rounded to
 * float16, then ordered by value, ties by lower class. Rounding first makes the choice a function
 * of the stored numbers alone.
 */
import { toHalf } from './half';

export interface TopK {
  /** Class numbers [k], most probable first. */
  readonly indexes: Uint16Array;
  /** float16 bits of their probabilities [k]. */
  readonly values: Uint16Array;
}

/**
 * @param probabilities [classes], each finite and in [0, 1]
 * @throws RangeError when k exceeds the number of classes or a probability is none
 */
export function topK(probabilities: Float32Array, k: number): TopK {
  const classes = probabilities.length;
  if (k < 1 || k > classes || classes > 0x10000)
    throw new RangeError(`no top ${k} of ${classes} classes`);
  // Non-negative halves order like their bits, so (bits, inverted class) in one uint32 is the whole
  // order.
  const best = new Uint32Array(k);
  let held = 0;
  for (let index = 0; index < classes; index++) {
    const probability = probabilities[index]!;
    if (!(probability >= 0 && probability <= 1))
      throw new RangeError(`class ${index} has probability ${probability}`);
    const rank = ((toHalf(probability) & 0x7fff) << 16) | (0xffff - index);
    if (held === k && rank < best[k - 1]!) continue;
    let place = held < k ? held++ : k - 1;
    for (; place > 0 && best[place - 1]! < rank; place--) best[place] = best[place - 1]!;
    best[place] = rank;
  }
  return {
    indexes: Uint16Array.from(best, (rank) => 0xffff - (rank & 0xffff)),
    values: Uint16Array.from(best, (rank) => rank >>> 16),
  };
}
