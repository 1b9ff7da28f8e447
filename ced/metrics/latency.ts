/** How long a model takes to predict one chunk. */

export interface Latency {
  /** Median of several runs. */
  milliseconds: number;
  /** What was heard in that time. */
  audioSeconds: number;
  processor: string;
}

/** Seconds it takes to hear a second. */
export function realTimeFactor({ milliseconds, audioSeconds }: Latency): number {
  return milliseconds / 1000 / audioSeconds;
}
