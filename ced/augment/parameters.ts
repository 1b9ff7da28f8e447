/**
 * The augmentation of one view of one chunk. The parameters themselves are stored with the logits,
 * so a replay depends on no library and no generator; and they are a pure function of (seed, clip
 * content, chunk, view), so a shard computed twice is the same shard. The two masks are drawn
 * independently (the published code places both with one pair of numbers).
 *
 * Units: `shift` in samples, circular, to the right, 0 = not applied; times in frames of 10 ms,
 * frequencies in mel bins. Paper section 3.1.
 */
import { frameCount } from '../audio/frames';
import { below, philox, streamKey, uniform } from './random';

/**
 * Enters every content key: raise it when a change here draws other parameters from the same
 * configuration.
 */
export const augmentationVersion = 1;

export const melBins = 64;

export interface AugmentConfig {
  readonly shift: {
    /** Largest shift to either side as a fraction of the chunk, 0 … 0.5 in the paper. */
    readonly maxFraction: number;
    /** How often the wave is shifted at all, 0.5 in the paper. */
    readonly probability: number;
  };
  /** Widest time mask in frames, inclusive (192 in the paper). 0 = none. */
  readonly timeMask: { readonly maxFrames: number };
  /** Widest frequency mask in mel bins, inclusive (24 in the paper). 0 = none. */
  readonly freqMask: { readonly maxBins: number };
}

export interface AugmentParameters {
  /** Samples in [0, length of the chunk): a shift by s to the left is stored as length − s. */
  readonly shift: number;
  readonly timeStart: number;
  readonly timeWidth: number;
  readonly freqStart: number;
  readonly freqWidth: number;
}

export interface ViewIdentity {
  readonly seed: number;
  /** Hex SHA-256 of the clip's samples: the clip's name and place never matter. */
  readonly clipSha256: string;
  readonly chunk: number;
  readonly view: number;
}

/**
 * Draws the parameters of one view. Words come from the key `augment/<seed>/<clipSha256>` at
 * counters (0, view, chunk, 0) and (1, view, chunk, 0): applied?, shift; then time width, time
 * start, frequency width, frequency start.
 * @param samples length of the chunk; the masks never reach beyond its own frames
 */
export function drawAugmentation(
  config: AugmentConfig,
  identity: ViewIdentity,
  samples: number,
): AugmentParameters {
  const key = streamKey('augment', identity.seed, identity.clipSha256);
  const [applied, shifted] = philox(key, [0, identity.view, identity.chunk, 0]);
  const [timeWidthWord, timeStartWord, freqWidthWord, freqStartWord] = philox(key, [
    1,
    identity.view,
    identity.chunk,
    0,
  ]);

  const reach = Math.floor(config.shift.maxFraction * samples);
  const offset =
    uniform(applied) < config.shift.probability ? below(shifted, 2 * reach + 1) - reach : 0;

  const frames = frameCount(samples);
  const timeWidth = below(timeWidthWord, Math.min(config.timeMask.maxFrames, frames) + 1);
  const freqWidth = below(freqWidthWord, Math.min(config.freqMask.maxBins, melBins) + 1);
  return {
    shift: samples === 0 ? 0 : (offset + samples) % samples,
    // An empty mask has one spelling, so that equal views are equal rows.
    timeStart: timeWidth === 0 ? 0 : below(timeStartWord, frames - timeWidth + 1),
    timeWidth,
    freqStart: freqWidth === 0 ? 0 : below(freqStartWord, melBins - freqWidth + 1),
    freqWidth,
  };
}
