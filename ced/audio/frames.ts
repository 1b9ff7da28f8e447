/**
 * Frames of the log-mel (paper section 4.1): one every 10 ms at 16 kHz, the first centred on the
 * first sample.
 */
export const hopSamples = 160;

/** Frames of a patch. Clips are batched by how many whole patches they fill. */
export const PATCH_FRAMES = 16;

/** Frames of the log-mel of `samples` samples: 1 + samples / hop, rounded down. */
export function frameCount(samples: number): number {
  return 1 + Math.floor(samples / hopSamples);
}

/** Patches that `frames` frames fill; what they leave over is cropped before the transformer. */
export function wholePatches(frames: number): number {
  return Math.floor(frames / PATCH_FRAMES);
}

/** Frames of the longest clip that fills no more patches than one of `frames` frames. */
export function framesOfPatchGroup(frames: number): number {
  return (wholePatches(frames) + 1) * PATCH_FRAMES - 1;
}
