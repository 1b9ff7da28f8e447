/** What every decoder returns: samples in [−1, 1) as float32, one array a channel, all of one length. */
export interface DecodedAudio {
  /** Hz. */
  readonly sampleRate: number;
  /** float32 [samples] for each channel; an integer sample i of b bits is i / 2^(b − 1), which float32 holds exactly up to 24 bits. */
  readonly channels: readonly Float32Array[];
}
