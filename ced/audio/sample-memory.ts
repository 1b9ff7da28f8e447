/**
 * int16 samples end to end, in memory that is used again for the next clip: fresh memory for every
 * clip costs its page faults, and whole collections of garbage.
 */

/** Two minutes at 16 kHz. Memory that grew beyond it for one clip is not kept for the next. */
const KEPT_SAMPLES = 2 ** 21;
const FIRST_SAMPLES = 2 ** 15;

export class SampleMemory {
  private memory = new Int16Array(0);
  private filled = 0;
  private taken = 0;

  get length(): number {
    return this.filled;
  }

  /** Samples since it was cleared, with those that were taken. */
  get position(): number {
    return this.taken + this.filled;
  }

  /** Of what was appended; valid until the memory is cleared. */
  get samples(): Int16Array {
    return this.memory.subarray(0, this.filled);
  }

  /** The same samples, which are removed; valid until others are appended. */
  take(): Int16Array {
    const { samples } = this;
    [this.taken, this.filled] = [this.position, 0];
    return samples;
  }

  clear(): void {
    [this.taken, this.filled] = [0, 0];
    if (this.memory.length > KEPT_SAMPLES) this.memory = new Int16Array(0);
  }

  append(samples: Int16Array): void {
    const needed = this.filled + samples.length;
    this.reserve(needed);
    this.memory.set(samples, this.filled);
    this.filled = needed;
  }

  /** Cuts the end off, or adds zeros to it, so that there are `length` samples. */
  fit(length: number): void {
    this.reserve(length);
    if (length > this.filled) this.memory.fill(0, this.filled, length);
    this.filled = length;
  }

  private reserve(needed: number): void {
    if (needed <= this.memory.length) return;
    const larger = new Int16Array(Math.max(FIRST_SAMPLES, 2 * this.memory.length, needed));
    larger.set(this.samples);
    this.memory = larger;
  }
}
