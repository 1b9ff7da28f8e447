/**
 * Complex fast Fourier transform of one fixed power-of-two size, radix 2, in place (Cooley and
 * Tukey 1965).
 */
export class Fft {
  private readonly cos: Float64Array;
  private readonly sin: Float64Array;

  constructor(readonly size: number) {
    if (size < 2 || (size & (size - 1)) !== 0)
      throw new Error(`FFT size ${size} is not a power of two`);
    this.cos = Float64Array.from({ length: size / 2 }, (_, i) =>
      Math.cos((2 * Math.PI * i) / size),
    );
    this.sin = Float64Array.from({ length: size / 2 }, (_, i) =>
      Math.sin((2 * Math.PI * i) / size),
    );
  }

  forward(re: Float64Array, im: Float64Array): void {
    this.transform(re, im, -1);
  }

  /** Without the factor 1/size. */
  inverse(re: Float64Array, im: Float64Array): void {
    this.transform(re, im, 1);
  }

  private transform(re: Float64Array, im: Float64Array, sign: number): void {
    this.reorder(re, im);
    for (let half = 1; half < this.size; half *= 2) {
      const stride = this.size / (2 * half);
      for (let start = 0; start < this.size; start += 2 * half) {
        for (let k = 0; k < half; k += 1) {
          const a = start + k;
          const b = a + half;
          const c = this.cos[k * stride]!;
          const s = sign * this.sin[k * stride]!;
          const x = re[b]! * c - im[b]! * s;
          const y = re[b]! * s + im[b]! * c;
          re[b] = re[a]! - x;
          im[b] = im[a]! - y;
          re[a] = re[a]! + x;
          im[a] = im[a]! + y;
        }
      }
    }
  }

  private reorder(re: Float64Array, im: Float64Array): void {
    for (let i = 1, j = 0; i < this.size; i += 1) {
      let bit = this.size >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) {
        [re[i], re[j]] = [re[j]!, re[i]!];
        [im[i], im[j]] = [im[j]!, im[i]!];
      }
    }
  }
}
