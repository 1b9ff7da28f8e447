/**
 * The inner product of polyphase resampling, in AssemblyScript: compiled to WebAssembly with SIMD.
 * Every output is summed in four lanes, in the order of the taps, so that it does not depend on
 * which outputs are computed together, nor on the machine. `npm run kernels` compiles it.
 *
 * Output number n lies at input floor(n · from / to): its first sample is that many after `input`,
 * its weights are row n mod `to` of `weights`.
 * @param taps a multiple of 4
 * @param first number of the first output, below `to`
 * @param weights float32 [to, taps]
 * @param input float32
 * @param output float32 [count]
 */
export function convolve(
  from: i32,
  to: i32,
  taps: i32,
  first: i32,
  count: i32,
  weights: usize,
  input: usize,
  output: usize,
): void {
  const bytes: usize = taps << 2;
  const stride: usize = from << 2;
  for (let index = 0, last = min(count, to); index < last; index++) {
    let number = first + index;
    let sample = input + (i32((i64(number) * from) / to) << 2);
    const row = weights + <usize>(number % to) * bytes;
    let place = index;
    // Outputs `to` apart share their weights. Four at once: of eight, registers run out and it
    // takes longer.
    for (; place + 3 * to < count; place += 4 * to, sample += 4 * stride) {
      let a = f32x4.splat(0), b = f32x4.splat(0); // prettier-ignore
      let c = f32x4.splat(0), d = f32x4.splat(0); // prettier-ignore
      for (let at: usize = 0, x = sample; at < bytes; at += 16, x += 16) {
        const weight = v128.load(row + at);
        a = f32x4.add(a, f32x4.mul(weight, v128.load(x)));
        b = f32x4.add(b, f32x4.mul(weight, v128.load(x + stride)));
        c = f32x4.add(c, f32x4.mul(weight, v128.load(x + 2 * stride)));
        d = f32x4.add(d, f32x4.mul(weight, v128.load(x + 3 * stride)));
      }
      store<f32>(output + (place << 2), sumOf(a));
      store<f32>(output + ((place + to) << 2), sumOf(b));
      store<f32>(output + ((place + 2 * to) << 2), sumOf(c));
      store<f32>(output + ((place + 3 * to) << 2), sumOf(d));
    }
    for (; place < count; place += to, sample += stride) {
      let sum = f32x4.splat(0);
      for (let at: usize = 0; at < bytes; at += 16)
        sum = f32x4.add(sum, f32x4.mul(v128.load(row + at), v128.load(sample + at)));
      store<f32>(output + (place << 2), sumOf(sum));
    }
  }
}

function sumOf(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) +
    f32x4.extract_lane(lanes, 1) +
    (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3))
  );
}
