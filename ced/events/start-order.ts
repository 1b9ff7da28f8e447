/**
 * Events in the order of their starts, for formats that demand it. They come in the order of their
 * ends: one is held until no event that is still open may begin before it.
 */
import type { SoundEvent } from './event-detector';

export class StartOrder {
  private held: SoundEvent[] = [];

  /**
   * @param ended
   * @param earliestOpen of the detector, after it gave these events
   * @returns the events whose turn it is
   */
  push(ended: readonly SoundEvent[], earliestOpen: number): SoundEvent[] {
    const sorted = [...this.held, ...ended].sort(
      (a, b) => a.start - b.start || a.classIndex - b.classIndex,
    );
    const ready = sorted.filter(({ start }) => start <= earliestOpen);
    this.held = sorted.slice(ready.length);
    return ready;
  }
}
