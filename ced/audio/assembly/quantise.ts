/**
 * float32 to int16, in AssemblyScript: compiled to WebAssembly with SIMD. Rounded half away from
 * zero and clipped; all of it is exact in float32, where adding a half would not be. `npm run
 * kernels` compiles it.
 */
export const INPUT: usize = 0x400;
/** float32 numbers that fit. */
export const ROOM: i32 = 0x4000;
/** int16. */
export const RESULT: usize = 0x10400;

/** @param count numbers at INPUT @returns whether each of them is finite */
export function quantise(count: i32): bool {
  const end: usize = INPUT + (usize(count) << 2);
  memory.fill(end, 0, 32);
  let strange = i32x4.splat(0);
  let result = RESULT;
  for (let at = INPUT; at < end; at += 32, result += 16) {
    const first = f32x4.mul(v128.load(at), f32x4.splat(32768));
    const second = f32x4.mul(v128.load(at, 16), f32x4.splat(32768));
    // Infinity and NaN alone differ from themselves by something else than 0.
    strange = v128.or(strange, f32x4.ne(f32x4.sub(first, first), f32x4.splat(0)));
    strange = v128.or(strange, f32x4.ne(f32x4.sub(second, second), f32x4.splat(0)));
    v128.store(result, i16x8.narrow_i32x4_s(rounded(first), rounded(second)));
  }
  return !v128.any_true(strange);
}

function rounded(scaled: v128): v128 {
  const whole = f32x4.trunc(scaled);
  const isFarther = f32x4.ge(f32x4.abs(f32x4.sub(scaled, whole)), f32x4.splat(0.5));
  // −1 below zero, else 1.
  const outwards = v128.or(i32x4.shr_s(scaled, 31), i32x4.splat(1));
  return i32x4.add(i32x4.trunc_sat_f32x4_s(whole), v128.and(isFarther, outwards));
}
