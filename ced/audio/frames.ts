/**
 * Frames of the log-mel (paper section 4.1): one every 10 ms at 16 kHz, the first centred on the
 * first sample.
 */
export const hopSamples = 160;

/** Frames of the log-mel of `samples` samples: 1 + samples / hop, rounded down. */
export function frameCount(samples: number): number {
  return 1 + Math.floor(samples / hopSamples);
}
