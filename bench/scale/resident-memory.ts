/**
 * Watches the resident memory of a process. It is flat when, after the first fifth of the time, the
 * minimum of the second half exceeds that of the first half by no more than an allowance.
 */
import { memoryBytes } from '../process-memory';

const SETTLED_SHARE = 0.2;

export class ResidentMemory {
  private readonly samples: number[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly pid: number) {
    this.timer = setInterval(() => this.sample(), 500);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  get bytes(): number {
    return this.samples.at(-1) ?? 0;
  }

  /** Negative where memory shrank; NaN while there are too few samples. */
  get growthBytes(): number {
    const settled = this.samples.slice(Math.floor(this.samples.length * SETTLED_SHARE));
    const half = settled.length >> 1;
    return Math.min(...settled.slice(half)) - Math.min(...settled.slice(0, half));
  }

  private sample(): void {
    const bytes = memoryBytes(this.pid, 'VmRSS');
    if (!Number.isNaN(bytes)) this.samples.push(bytes);
  }
}
