/** The format of every clip: 4 s, mono, 16-bit, 16 kHz. */
export const CLIP_SECONDS = 4;
export const SAMPLE_RATE = 16_000;
export const CLIP_SAMPLES = CLIP_SECONDS * SAMPLE_RATE;
