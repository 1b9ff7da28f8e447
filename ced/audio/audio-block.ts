/**
 * A stretch of decoded audio, as a decoder gives it while the file arrives; the blocks of a file
 * share rate and number of channels.
 */
export interface AudioBlock {
  /** Hz. */
  readonly sampleRate: number;
  /**
   * float32 [samples] for each channel, in [−1, 1); an integer sample i of b bits is i / 2^(b − 1),
   * which float32 holds exactly up to 24 bits.
   */
  readonly channels: readonly Float32Array[];
  /**
   * The mean of the channels, where the decoder has a quicker way to it; int16 where the file holds
   * just that. float32 is valid until the next block is asked for.
   */
  readonly mono?: Float32Array | Int16Array | undefined;
  /** How many channels and samples there are, where it takes work to make them. */
  readonly channelCount?: number;
  readonly sampleCount?: number;
}
