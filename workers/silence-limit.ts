/**
 * Decides when a job that says nothing is hung. A phase's first unit of work may load a model or
 * trace a function and gets minutes; after it the job's own slowest unit sets the limit.
 */

export interface SilenceOptions {
  /**
   * For the first unit of a phase: TensorFlow, weights and shards are loaded, a step is traced.
   * @default 300000
   */
  firstUnitMs?: number;
}

const FIRST_UNIT_MS = 300_000;
/** For every later unit: at least this, or this many times the slowest so far. */
const LEAST_MS = 60_000;
const TIMES_SLOWEST = 5;

export class SilenceLimit {
  private lastWordMs: number;
  private current: string | null = null;
  private units = 0;
  private slowestMs = 0;

  constructor(
    private readonly monotonicMs: () => number = () => performance.now(),
    private readonly options: SilenceOptions = {},
  ) {
    this.lastWordMs = monotonicMs();
  }

  /** What the job said last that it does; empty for its own work, and before its first word. */
  get phase(): string {
    return this.current ?? '';
  }

  /** A unit of work was counted. @param phase undefined for the job's own count */
  counted(phase = ''): void {
    const silentMs = this.silentMs();
    if (phase !== this.current) {
      this.current = phase;
      this.units = 0;
      this.slowestMs = 0;
    } else {
      this.units++;
      this.slowestMs = Math.max(this.slowestMs, silentMs);
    }
    this.waited();
  }

  /** The job moved without counting anything: bytes arrived, or it waits for a store. */
  waited(): void {
    this.lastWordMs = this.monotonicMs();
  }

  silentMs(): number {
    return this.monotonicMs() - this.lastWordMs;
  }

  isExceeded(): boolean {
    const limitMs =
      this.units === 0
        ? (this.options.firstUnitMs ?? FIRST_UNIT_MS)
        : Math.max(LEAST_MS, TIMES_SLOWEST * this.slowestMs);
    return this.silentMs() >= limitMs;
  }
}
