/**
 * IEEE 754 binary16 as bits in a uint16. Probabilities are stored in it, and top-K is taken after
 * rounding to it, so the rounding (to nearest, ties to even) is part of the format. Subnormals,
 * infinities and NaN convert too; every half survives the round trip.
 */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The float16 bits nearest to a float32 value. A float64 argument is rounded to float32 first. */
export function toHalf(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude >= 0x7f800000) return sign | 0x7c00 | (magnitude > 0x7f800000 ? 0x200 : 0);
  // 65520 and above round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 puts the unit in the last place at 2^-24, so that the hardware itself
    // rounds to even.
    float[0] = Math.abs(float[0]) + 0.5;
    return sign | (bits[0]! - 0x3f000000);
  }
  const evenBias = 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((magnitude - 0x38000000 + evenBias) >>> 13);
}

/** All 65,536 values by their bits, exact in float32. */
export const halfValues: Float32Array = everyHalf();

/** The value of float16 bits, exact in float32 and float64. */
export function fromHalf(half: number): number {
  return halfValues[half & 0xffff]!;
}

/**
 * The bits of a half, moved to where a float32 has its exponent and fraction, are its value times
 * 2^-112, subnormals too.
 */
function everyHalf(): Float32Array {
  const values = new Float32Array(0x10000);
  const words = new Uint32Array(values.buffer);
  for (let half = 0; half < 0x7c00; half++) {
    words[half] = half << 13;
    values[half]! *= 2 ** 112;
    words[half | 0x8000] = words[half]! | 0x80000000;
  }
  values.fill(NaN, 0x7c00, 0x8000).fill(NaN, 0xfc00);
  values[0x7c00] = Infinity;
  values[0xfc00] = -Infinity;
  return values;
}
