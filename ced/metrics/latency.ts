/** How long a model takes to predict one chunk. */

export interface Latency {
  /** Median of several runs. */
  milliseconds: number;
  /** The prediction made in that time. */
  audioSeconds: number;
  processor: string;
}

/** Seconds of computation per second of audio. */
export function realTimeFactor({ milliseconds, audioSeconds }: Latency): number {
  return milliseconds / 1000 / audioSeconds;
}
