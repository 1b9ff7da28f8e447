/** How long a model takes to predict one chunk. */

export interface Latency {
  /** Median over the rounds, or over the runs of a model that was measured alone. */
  milliseconds: number;
  /** The prediction made in that time. */
  audioSeconds: number;
  processor: string;
  /** Of the rounds, in which models took turns; absent: this one was measured alone. */
  spread?: { low: number; high: number; rounds: number };
}

/** Seconds of computation per second of audio. */
export function realTimeFactor({ milliseconds, audioSeconds }: Latency): number {
  return milliseconds / 1000 / audioSeconds;
}

const STABLE = 1.05;

/** Whether the median of a model's rounds is hardly slower than the fastest, in any one unit. */
export function isStable(median: number, fastest: number): boolean {
  return median <= STABLE * fastest;
}
