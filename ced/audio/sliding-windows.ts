/**
 * Windows of one length every hop over samples that come piece by piece. The last window ends with
 * the last sample, so it may be nearer to the one before it; a recording shorter than a window is
 * one window of its own length.
 */
export interface AudioWindow {
  /** Number of its first sample, from the beginning of the recording. */
  readonly start: number;
  /** int16 [samples], a copy. */
  readonly pcm: Int16Array;
}

export class SlidingWindows {
  /** Samples from number `base` on. */
  private held = new Int16Array(0);
  private base = 0;
  private filled = 0;
  /** Start of the next window. */
  private next = 0;

  /**
   * @param windowSamples
   * @param hopSamples at most `windowSamples`
   * @throws RangeError
   */
  constructor(
    private readonly windowSamples: number,
    private readonly hopSamples: number,
  ) {
    if (!(hopSamples >= 1 && hopSamples <= windowSamples))
      throw new RangeError(`no windows of ${windowSamples} samples every ${hopSamples}`);
  }

  /** Samples that came so far. */
  get samples(): number {
    return this.base + this.filled;
  }

  /** @yields the windows whose last sample is among the given ones, or came before */
  *push(samples: Int16Array): Generator<AudioWindow> {
    this.append(samples);
    while (this.next + this.windowSamples <= this.samples) {
      const window = this.windowAt(this.next, this.windowSamples);
      this.next += this.hopSamples;
      yield window;
    }
  }

  /** @returns the window that ends with the last sample; null where it was given, or none came */
  end(): AudioWindow | null {
    const { samples, windowSamples } = this;
    const given = this.next === 0 ? 0 : this.next - this.hopSamples + windowSamples;
    if (samples === given) return null;
    const length = Math.min(windowSamples, samples);
    return this.windowAt(samples - length, length);
  }

  private windowAt(start: number, length: number): AudioWindow {
    const from = start - this.base;
    return { start, pcm: this.held.slice(from, from + length) };
  }

  private append(samples: Int16Array): void {
    // The last window may begin up to a hop before the next.
    const passed = Math.min(this.filled, Math.max(0, this.next - this.hopSamples - this.base));
    const kept = this.held.subarray(passed, this.filled);
    const needed = kept.length + samples.length;
    if (needed > this.held.length) {
      const larger = new Int16Array(Math.max(needed, 2 * this.windowSamples));
      larger.set(kept);
      this.held = larger;
    } else this.held.copyWithin(0, passed, this.filled);
    this.held.set(samples, kept.length);
    this.base += passed;
    this.filled = needed;
  }
}
