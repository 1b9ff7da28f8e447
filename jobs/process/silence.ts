/**
 * Tells the engine that its worker is silent. Steps that block the event loop for longer than the
 * limit, each, are no silence: words that came meanwhile count.
 */
export class Silence {
  private lastWordMs: number;

  constructor(
    private readonly limitMs: number,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.lastWordMs = monotonicMs();
  }

  heard(): void {
    this.lastWordMs = this.monotonicMs();
  }

  /** Calls `end` when there was no word for `limitMs`. To be called by a timer. */
  look(end: () => void): void {
    // After a long step the timer fires before the words that waited are read: judge when they have
    // been. Another long step may come in between, so the time is that of the timer.
    const firedMs = this.monotonicMs();
    setImmediate(() => {
      if (firedMs - this.lastWordMs > this.limitMs) end();
    });
  }
}
