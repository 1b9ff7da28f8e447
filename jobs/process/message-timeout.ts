/**
 * Notices that the worker has sent no message for too long. Steps that block the event loop for
 * longer than the limit do not count: messages that arrived meanwhile are read first.
 */
export class MessageTimeout {
  private lastMessageMs: number;

  constructor(
    private readonly limitMs: number,
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.lastMessageMs = monotonicMs();
  }

  onMessage(): void {
    this.lastMessageMs = this.monotonicMs();
  }

  /** Calls `end` if no message arrived for `limitMs`. A timer calls this. */
  check(end: () => void): void {
    // After a long step the timer fires before the waiting messages are read: compare after they
    // have been. Another long step may come in between, so the time is that of the timer.
    const firedMs = this.monotonicMs();
    setImmediate(() => {
      if (firedMs - this.lastMessageMs > this.limitMs) end();
    });
  }
}
