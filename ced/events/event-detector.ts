/**
 * Events of probabilities over time: a class is present from the first window to the last in which
 * it reaches its threshold. Each window counts for the time around its centre, up to the middle
 * between its centre and its neighbours'; the first and the last also count for the edges of the
 * recording. Memory holds an open event a class at most, and the rows under the median.
 */
import { MedianFilter } from './median-filter';

export interface SoundEvent {
  /** Samples from the start of the recording. */
  readonly start: number;
  readonly end: number;
  readonly classIndex: number;
  /** The highest of its windows, after the median filter. */
  readonly probability: number;
}

export interface DetectorOptions {
  /** [classes]: at or above it, a class is present; null = never. */
  readonly thresholds: readonly (number | null)[];
  /** Length of the median filter in windows, odd. @default 1 */
  readonly median?: number;
  /** Longer events are cut into several that follow each other. @default Infinity */
  readonly longestSamples?: number;
}

export class EventDetector {
  private readonly filter: MedianFilter;
  private readonly thresholds: DetectorOptions['thresholds'];
  private readonly longestSamples: number;
  /** Twice the centres of the windows whose filtered rows are still to come. */
  private readonly centres: number[] = [];
  private lastCentre: number | null = null;
  private readonly open = new Map<number, { start: number; probability: number }>();

  constructor({ thresholds, median = 1, longestSamples = Infinity }: DetectorOptions) {
    this.filter = new MedianFilter(median);
    [this.thresholds, this.longestSamples] = [thresholds, longestSamples];
  }

  /** Start of the earliest event that has not ended; Infinity = there is none. */
  get earliestOpen(): number {
    let earliest = Infinity;
    for (const { start } of this.open.values()) earliest = Math.min(earliest, start);
    return earliest;
  }

  /**
   * @param window of the recording, in samples; windows come in order
   * @param probabilities float32 [classes]
   * @returns the events that are known to have ended, by class
   */
  push(window: { start: number; length: number }, probabilities: Float32Array): SoundEvent[] {
    this.centres.push(2 * window.start + window.length);
    const row = this.filter.push(probabilities);
    return row === null ? [] : this.follow(row);
  }

  /** @param samples of the whole recording. @returns the events that are left, by class */
  end(samples: number): SoundEvent[] {
    const ended = [...this.filter.end()].flatMap((row) => this.follow(row));
    for (const classIndex of [...this.open.keys()].sort((a, b) => a - b))
      ended.push(this.close(classIndex, samples));
    return ended;
  }

  private follow(row: Float32Array): SoundEvent[] {
    const centre = this.centres.shift()!;
    const boundary = this.lastCentre === null ? 0 : Math.round((this.lastCentre + centre) / 4);
    this.lastCentre = centre;
    const ended: SoundEvent[] = [];
    for (const [classIndex, threshold] of this.thresholds.entries()) {
      const probability = row[classIndex]!;
      const isPresent = threshold !== null && probability >= threshold;
      let event = this.open.get(classIndex);
      if (event && (!isPresent || boundary - event.start >= this.longestSamples)) {
        ended.push(this.close(classIndex, boundary));
        event = undefined;
      }
      if (!isPresent) continue;
      if (event) event.probability = Math.max(event.probability, probability);
      else this.open.set(classIndex, { start: boundary, probability });
    }
    return ended;
  }

  private close(classIndex: number, end: number): SoundEvent {
    const { start, probability } = this.open.get(classIndex)!;
    this.open.delete(classIndex);
    return { start, end, classIndex, probability };
  }
}
