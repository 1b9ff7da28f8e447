/**
 * Keeps the engine from writing after a standstill until its worker says that the job is still
 * theirs. A step that takes long looks the same from inside; it costs one question and its answer.
 * A worker that stood still as well does not answer but kills.
 */
import type { Standstills } from './standstills';

export class Ownership {
  private confirmed = 0;
  private asked = 0;
  private waiting: (() => void)[] = [];

  constructor(
    private readonly standstills: Standstills,
    private readonly ask: (standstill: number) => void,
  ) {}

  async pass(): Promise<void> {
    for (
      let seen = this.standstills.seen();
      seen > this.confirmed;
      seen = this.standstills.seen()
    ) {
      if (this.asked < seen) this.ask(seen);
      this.asked = seen;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** The worker's answer to the question with this number. */
  confirm(standstill: number): void {
    this.confirmed = Math.max(this.confirmed, standstill);
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
