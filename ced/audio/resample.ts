/**
 * Band-limited resampling by a windowed sinc, as `torchaudio.transforms.Resample` defines it: same kernel, same padding with zeros, same
 * output length ceil(n · to / from). The default kernel is the long Kaiser one (torchaudio's "kaiser_best" settings, equal to resampy's),
 * whose pass band is clean to beyond 100 dB; torchaudio's own default, a Hann window six zero crossings wide, reaches some 60 dB and is kept
 * for comparison. https://pytorch.org/audio/stable/tutorials/audio_resampling_tutorial.html
 */
export interface ResampleKernel {
  readonly window: 'hann' | 'kaiser';
  /** Zero crossings of the sinc on either side. */
  readonly zeroCrossings: number;
  /** Cut-off as a fraction of the lower Nyquist frequency. */
  readonly rolloff: number;
  /** Kaiser's shape; not used by the Hann window. */
  readonly beta: number;
}

export const kaiserBest: ResampleKernel = { window: 'kaiser', zeroCrossings: 64, rolloff: 0.9475937167399596, beta: 14.769656459379492 };
export const torchaudioDefault: ResampleKernel = { window: 'hann', zeroCrossings: 6, rolloff: 0.99, beta: 0 };

/**
 * @param samples float32 [n] at `fromRate` Hz
 * @returns float32 [ceil(n · toRate / fromRate)]; the same array when the rates are equal
 * @throws RangeError when a rate is not a positive integer
 */
export function resample(samples: Float32Array, fromRate: number, toRate: number, kernel: ResampleKernel = kaiserBest): Float32Array {
  if (![fromRate, toRate].every((rate) => Number.isInteger(rate) && rate > 0))
    throw new RangeError(`no resampling from ${fromRate} to ${toRate} Hz`);
  if (fromRate === toRate) return samples;
  const phases = phasesBetween(fromRate, toRate, kernel);
  const output = new Float32Array(Math.ceil((samples.length * phases.to) / phases.from));
  convolve(phases, samples, 0, 0, output);
  return output;
}

/** The same samples as `resample` gives of the whole, from blocks as they come. */
export class Resampler {
  private readonly phases: Phases | null;
  /** The last samples that came, the first of which is number `base` of the clip. */
  private window: Float32Array = new Float32Array(0);
  private base = 0;
  private given = 0;

  constructor(fromRate: number, toRate: number, kernel: ResampleKernel = kaiserBest) {
    this.phases = fromRate === toRate ? null : phasesBetween(fromRate, toRate, kernel);
  }

  /** @returns the outputs whose whole kernel has come */
  push(samples: Float32Array): Float32Array {
    if (!this.phases) return samples;
    const { from, to, taps, reach } = this.phases;
    const joined = new Float32Array(this.window.length + samples.length);
    joined.set(this.window);
    joined.set(samples, this.window.length);
    const until = Math.max(this.given, Math.floor(((this.base + joined.length - taps) * to) / from));
    const output = new Float32Array(until - this.given);
    convolve(this.phases, joined, this.base, this.given, output);
    this.given = until;
    const needed = Math.max(0, Math.floor((until * from) / to) - reach - 1);
    this.window = joined.slice(Math.max(0, needed - this.base));
    this.base += joined.length - this.window.length;
    return output;
  }

  /** @returns the rest, under a kernel that hears zeros behind the end */
  end(): Float32Array {
    if (!this.phases) return new Float32Array(0);
    const { from, to } = this.phases;
    const output = new Float32Array(Math.ceil(((this.base + this.window.length) * to) / from) - this.given);
    convolve(this.phases, this.window, this.base, this.given, output);
    return output;
  }
}

/** Fills `output` with the results from number `firstOutput` on; `samples` start with number `base`. */
function convolve(
  { from, to, taps, reach, weights }: Phases,
  samples: Float32Array,
  base: number,
  firstOutput: number,
  output: Float32Array,
): void {
  for (let index = 0; index < output.length; index++) {
    const number = firstOutput + index;
    const phase = number % to;
    const first = Math.floor(number / to) * from + Math.floor((phase * from) / to) - reach - base;
    const begin = Math.max(0, -first);
    const end = Math.min(taps, samples.length - first);
    const row = phase * taps;
    let sum = 0;
    for (let tap = begin; tap < end; tap++) sum += weights[row + tap]! * samples[first + tap]!;
    output[index] = sum;
  }
}

interface Phases {
  /** The two rates without their common divisor. */
  readonly from: number;
  readonly to: number;
  /** Input samples under the kernel, and how many of them lie before the output's own position. */
  readonly taps: number;
  readonly reach: number;
  /** [to, taps] */
  readonly weights: Float64Array;
}

/** Weights that resampling between two rates needs; few for rates with a large common divisor. */
export function tableEntries(fromRate: number, toRate: number, kernel: ResampleKernel = kaiserBest): number {
  const divisor = greatestCommonDivisor(fromRate, toRate);
  const [from, to] = [fromRate / divisor, toRate / divisor];
  return to * tapsOf(from, Math.min(from, to) * kernel.rolloff, kernel);
}

/** Corpora rarely mix more rates than this. */
const cachedTables = 4;
const tables = new Map<string, Phases>();

function phasesBetween(fromRate: number, toRate: number, kernel: ResampleKernel): Phases {
  const divisor = greatestCommonDivisor(fromRate, toRate);
  return phasesFor(fromRate / divisor, toRate / divisor, kernel);
}

function phasesFor(from: number, to: number, kernel: ResampleKernel): Phases {
  const key = JSON.stringify([from, to, kernel]);
  const phases = tables.get(key) ?? buildPhases(from, to, kernel);
  tables.delete(key);
  tables.set(key, phases);
  if (tables.size > cachedTables) tables.delete(tables.keys().next().value!);
  return phases;
}

function tapsOf(from: number, cutoff: number, { zeroCrossings }: ResampleKernel): number {
  return 2 * Math.ceil((zeroCrossings * from) / cutoff) + 2;
}

function buildPhases(from: number, to: number, kernel: ResampleKernel): Phases {
  const { window, zeroCrossings, rolloff, beta } = kernel;
  const cutoff = Math.min(from, to) * rolloff;
  const reach = Math.ceil((zeroCrossings * from) / cutoff);
  const taps = tapsOf(from, cutoff, kernel);
  const atCentre = bessel0(beta);
  const weights = new Float64Array(to * taps);
  for (let phase = 0; phase < to; phase++) {
    const fraction = ((phase * from) % to) / to;
    for (let tap = 0; tap < taps; tap++) {
      const crossings = ((tap - reach - fraction) * cutoff) / from;
      if (Math.abs(crossings) >= zeroCrossings) continue;
      const sinc = crossings === 0 ? 1 : Math.sin(Math.PI * crossings) / (Math.PI * crossings);
      const position = crossings / zeroCrossings;
      const shape =
        window === 'hann' ? Math.cos((Math.PI * position) / 2) ** 2 : bessel0(beta * Math.sqrt(1 - position * position)) / atCentre;
      weights[phase * taps + tap] = (sinc * shape * cutoff) / from;
    }
  }
  return { from, to, taps, reach, weights };
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
