/** The input of one training step. */

export interface TrainingBatch {
  /** [batch, samples] at 16 kHz, already shifted. */
  readonly pcm: Int16Array;
  readonly batch: number;
  readonly samples: number;
  /** [batch, 4]: time start, time width (frames), frequency start, frequency width (mel bins). */
  readonly masks: Int32Array | null;
  /** [batch, classes] in [0, 1]. */
  readonly targets: Float32Array;
  /** [batch], mixup weight of the mirrored clip. */
  readonly lambda: Float32Array | null;
}
