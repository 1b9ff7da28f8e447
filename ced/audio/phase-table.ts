/**
 * The weights of a windowed sinc for resampling between two rates, one row for each phase that an
 * output can have between two inputs, beside the compiled inner product over them
 * (assembly/convolve.ts). Weights and sums are float32: their rounding lies 50 dB below that of the
 * int16 that comes of it.
 */
import { convolveWasm } from './compiled/convolve';
import { Kernel, type WasmMemory } from './kernel';

export interface ResampleKernel {
  readonly window: 'hann' | 'kaiser';
  /** Zero crossings of the sinc on either side. */
  readonly zeroCrossings: number;
  /** Cut-off as a fraction of the lower Nyquist frequency. */
  readonly rolloff: number;
  /** Kaiser's shape; not used by the Hann window. */
  readonly beta: number;
}

interface ConvolveModule {
  readonly memory: WasmMemory;
  convolve(
    from: number,
    to: number,
    taps: number,
    first: number,
    count: number,
    weights: number,
    input: number,
    output: number,
  ): void;
}

const WEIGHTS_AT = 1024;
const PAGE_BYTES = 2 ** 16;

/** Corpora rarely mix more pairs of rates than this. */
const cachedTables = 16;
/** 128 MB. */
const cachedWeights = 2 ** 25;
const tables = new Map<string, PhaseTable>();
const kernel = new Kernel<ConvolveModule>(convolveWasm);

export class PhaseTable {
  private readonly module = kernel.instance();
  private readonly inputAt: number;

  /**
   * @param from
   * @param to the two rates without their common divisor
   * @param taps input samples under the kernel, a multiple of 4
   * @param reach how many of them lie before the output's own position
   */
  private constructor(
    readonly from: number,
    readonly to: number,
    readonly taps: number,
    readonly reach: number,
    kernel: ResampleKernel,
  ) {
    this.inputAt = WEIGHTS_AT + to * taps * 4;
    this.reserve(this.inputAt);
    fillWeights(new Float32Array(this.module.memory.buffer, WEIGHTS_AT, to * taps), this, kernel);
  }

  static between(fromRate: number, toRate: number, kernel: ResampleKernel): PhaseTable {
    const divisor = greatestCommonDivisor(fromRate, toRate);
    const [from, to] = [fromRate / divisor, toRate / divisor];
    const key = JSON.stringify([from, to, kernel]);
    const table =
      tables.get(key) ??
      new PhaseTable(from, to, tapsOf(from, to, kernel), reachOf(from, to, kernel), kernel);
    tables.delete(key);
    tables.set(key, table);
    const weights = (): number =>
      [...tables.values()].reduce((sum, { to, taps }) => sum + to * taps, 0);
    while (tables.size > cachedTables || (tables.size > 1 && weights() > cachedWeights))
      tables.delete(tables.keys().next().value!);
    return table;
  }

  /**
   * @param inputs float32, from sample number `base` of the clip on; all that the outputs'
   *   kernels cover
   * @returns float32 [count], the outputs from number `first` on; valid until the next call
   */
  convolve(inputs: Float32Array, base: number, first: number, count: number): Float32Array {
    const { from, to, taps, reach, inputAt } = this;
    const outputAt = inputAt + inputs.byteLength;
    this.reserve(outputAt + count * 4);
    const { buffer } = this.module.memory;
    new Float32Array(buffer, inputAt, inputs.length).set(inputs);
    const period = Math.floor(first / to);
    const origin = inputAt + (period * from - reach - base) * 4;
    this.module.convolve(from, to, taps, first - period * to, count, WEIGHTS_AT, origin, outputAt);
    return new Float32Array(buffer, outputAt, count);
  }

  private reserve(bytes: number): void {
    const { memory } = this.module;
    if (bytes > memory.buffer.byteLength)
      memory.grow(Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES));
  }
}

/** Weights that resampling between two rates needs; few for rates with a large common divisor. */
export function tableEntries(fromRate: number, toRate: number, kernel: ResampleKernel): number {
  const divisor = greatestCommonDivisor(fromRate, toRate);
  return (toRate / divisor) * tapsOf(fromRate / divisor, toRate / divisor, kernel);
}

function reachOf(from: number, to: number, { zeroCrossings, rolloff }: ResampleKernel): number {
  return Math.ceil((zeroCrossings * from) / (Math.min(from, to) * rolloff));
}

function tapsOf(from: number, to: number, kernel: ResampleKernel): number {
  return 4 * Math.ceil((2 * reachOf(from, to, kernel) + 2) / 4);
}

function fillWeights(
  weights: Float32Array,
  { from, to, taps, reach }: PhaseTable,
  kernel: ResampleKernel,
): void {
  const { window, zeroCrossings, rolloff, beta } = kernel;
  const cutoff = Math.min(from, to) * rolloff;
  const atCentre = bessel0(beta);
  for (let phase = 0; phase < to; phase++) {
    const fraction = ((phase * from) % to) / to;
    for (let tap = 0; tap < taps; tap++) {
      const crossings = ((tap - reach - fraction) * cutoff) / from;
      if (Math.abs(crossings) >= zeroCrossings) continue;
      const sinc = crossings === 0 ? 1 : Math.sin(Math.PI * crossings) / (Math.PI * crossings);
      const position = crossings / zeroCrossings;
      const shape =
        window === 'hann'
          ? Math.cos((Math.PI * position) / 2) ** 2
          : bessel0(beta * Math.sqrt(1 - position * position)) / atCentre;
      weights[phase * taps + tap] = (sinc * shape * cutoff) / from;
    }
  }
}

/** Modified Bessel function of the first kind and order zero, by its power series. */
function bessel0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    // Not `** 2`, which is a call of pow.
    const factor = x / (2 * k);
    term *= factor * factor;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
