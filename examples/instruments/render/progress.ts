/**
 * Progress with rate and remaining time: one rewritten line on a terminal, a new line every ten
 * seconds in a log.
 */
export class Progress {
  private done = 0;
  private rendered = 0;
  private lastShownMs = 0;
  private readonly startMs: number;

  constructor(
    private readonly title: string,
    private readonly total: number,
    private readonly stream: NodeJS.WriteStream = process.stderr,
    private readonly now: () => number = Date.now,
  ) {
    this.startMs = now();
    this.lastShownMs = this.startMs;
  }

  /** @param worked false for clips that existed: they do not count for the rate */
  add(worked: boolean): void {
    this.done += 1;
    if (worked) this.rendered += 1;
    const everyMs = this.stream.isTTY ? 200 : 10_000;
    if (this.done < this.total && this.now() - this.lastShownMs < everyMs) return;
    this.lastShownMs = this.now();
    this.stream.write(
      this.stream.isTTY
        ? `\r${this.line()}\u001b[K${this.done === this.total ? '\n' : ''}`
        : `${this.line()}\n`,
    );
  }

  private line(): string {
    const seconds = (this.now() - this.startMs) / 1000;
    const perSecond = this.rendered / Math.max(seconds, 1e-3);
    const count = `${this.title}: ${this.done}/${this.total} clips`;
    if (this.done === this.total) return `${count} in ${seconds.toFixed(0)} s`;
    return perSecond > 0
      ? `${count}, ${perSecond.toFixed(0)}/s, ` +
          `${Math.ceil((this.total - this.done) / perSecond)} s left`
      : count;
  }
}
