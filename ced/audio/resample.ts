/**
 * Band-limited resampling by a windowed sinc, as `torchaudio.transforms.Resample` defines it: same
 * formula, same padding with zeros, same output length ceil(n · to / from). The kernel that is used
 * is a Kaiser window of 40 zero crossings whose stop band lies 100 dB down, below the last bit of
 * the int16 that comes of it; torchaudio's "kaiser_best" (143 dB) takes half as long again for 50
 * Hz of pass band, its default (a Hann window) reaches some 60 dB. Those two are here for
 * comparison. https://pytorch.org/audio/stable/tutorials/audio_resampling_tutorial.html
 */
import { PhaseTable, type ResampleKernel } from './phase-table';

/** Flat to 6.97 kHz at 16 kHz, silent from 8.19. Anything that changes it changes clips' hashes. */
export const kaiser: ResampleKernel = {
  window: 'kaiser',
  zeroCrossings: 40,
  rolloff: 0.9475937167399596,
  beta: 10.06,
};
export const kaiserBest: ResampleKernel = {
  window: 'kaiser',
  zeroCrossings: 64,
  rolloff: 0.9475937167399596,
  beta: 14.769656459379492,
};
export const torchaudioDefault: ResampleKernel = {
  window: 'hann',
  zeroCrossings: 6,
  rolloff: 0.99,
  beta: 0,
};

/**
 * @param samples float32 [n] at `fromRate` Hz
 * @returns float32 [ceil(n · toRate / fromRate)]; the same array when the rates are equal
 * @throws RangeError when a rate is not a positive integer
 */
export function resample(
  samples: Float32Array,
  fromRate: number,
  toRate: number,
  kernel: ResampleKernel = kaiser,
): Float32Array {
  if (![fromRate, toRate].every((rate) => Number.isInteger(rate) && rate > 0))
    throw new RangeError(`no resampling from ${fromRate} to ${toRate} Hz`);
  if (fromRate === toRate) return samples;
  const output = new Float32Array(Math.ceil((samples.length * toRate) / fromRate));
  let at = 0;
  const resampler = new Resampler(fromRate, toRate, kernel);
  const emit = (block: Float32Array): void => {
    output.set(block, at);
    at += block.length;
  };
  resampler.push(samples, emit);
  resampler.end(emit);
  return output;
}

/** Samples beyond a kernel's width that are gathered before they are worked on. */
const GATHERED_SAMPLES = 2 ** 15;

type Emit = (block: Float32Array) => void;

/** The same samples as `resample` gives of the whole, bit by bit, from blocks as they come. */
export class Resampler {
  private readonly table: PhaseTable;
  /**
   * The last samples that came, the first of which is number `base` of the clip; zeros before the
   * clip.
   */
  private readonly window: Float32Array;
  private base: number;
  private filled: number;
  private given = 0;
  /** Outputs of the whole clip, once it has ended. */
  private total = Infinity;

  constructor(fromRate: number, toRate: number, kernel: ResampleKernel = kaiser) {
    this.table = PhaseTable.between(fromRate, toRate, kernel);
    this.window = new Float32Array(GATHERED_SAMPLES + this.table.taps);
    this.filled = this.table.reach;
    this.base = -this.filled;
  }

  /** @param emit receives outputs, in order, as soon as their whole kernel has come */
  push(samples: Float32Array, emit: Emit): void {
    for (let at = 0; at < samples.length;) {
      const part = samples.subarray(at, at + this.window.length - this.filled);
      this.window.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === this.window.length) this.work(emit);
    }
  }

  /** Emits at once what `push` would gather for larger blocks: a live stream must not wait. */
  flush(emit: Emit): void {
    if (this.filled >= this.table.taps) this.work(emit);
  }

  /** The rest, under a kernel that reads zeros behind the end. */
  end(emit: Emit): void {
    const { from, to, taps } = this.table;
    this.total = Math.ceil(((this.base + this.filled) * to) / from);
    this.push(new Float32Array(taps), emit);
    this.work(emit);
  }

  private work(emit: Emit): void {
    const { from, to, taps, reach } = this.table;
    const lastStart = this.base + this.filled - taps + reach;
    const until = Math.min(
      this.total,
      Math.max(this.given, Math.ceil(((lastStart + 1) * to) / from)),
    );
    const inputs = this.window.subarray(0, this.filled);
    if (until > this.given)
      emit(this.table.convolve(inputs, this.base, this.given, until - this.given));
    this.given = until;
    const needed = Math.floor((until * from) / to) - reach;
    const passed = Math.min(this.filled, Math.max(0, needed - this.base));
    this.window.copyWithin(0, passed, this.filled);
    this.filled -= passed;
    this.base += passed;
  }
}
