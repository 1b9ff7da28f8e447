/**
 * The augmentation that a published seed stands for. The authors' loader seeds PyTorch, applies
 * torch_audiomentations' `Shift` (p 0.5, up to half the length to either side, rolled over) and
 * then draws two numbers, which place both masks. https://github.com/RicherMans/CED (dataset.py)
 */
import { frameCount } from '../../audio/frames';
import { melBins, type AugmentParameters } from '../../augment/parameters';
import { publishedSpan, type MaskSpan } from '../../augment/spans';
import { TorchGenerator } from './torch-generator';

export interface PublishedDraws {
  /** Samples to the right, circular; 0 = not applied. */
  readonly shift: number;
  /** Width and start of both masks, as fractions (float32). */
  readonly u: number;
  readonly v: number;
}

/** Settings of the published configurations. */
const maxMaskFrames = 192;
const maxMaskBins = 24;

/** @param samples length of the chunk */
export function publishedDraws(seed: number, samples: number): PublishedDraws {
  const generator = new TorchGenerator(seed);
  const applied = generator.uniform() < 0.5;
  let shift = 0;
  if (applied) {
    const low = halfToEven(-samples);
    shift = (generator.integer(low, halfToEven(samples) + 1) + samples) % samples;
  }
  return { shift, u: generator.uniform(), v: generator.uniform() };
}

export function publishedAugmentation(seed: number, samples: number): AugmentParameters {
  const { shift, u, v } = publishedDraws(seed, samples);
  const time = nonEmpty(publishedSpan(u, v, frameCount(samples), maxMaskFrames));
  const freq = nonEmpty(publishedSpan(u, v, melBins, maxMaskBins));
  return {
    shift,
    timeStart: time.start,
    timeWidth: time.width,
    freqStart: freq.start,
    freqWidth: freq.width,
  };
}

/** An empty mask has one spelling, as in drawn parameters. */
function nonEmpty(span: MaskSpan): MaskSpan {
  return span.width === 0 ? { start: 0, width: 0 } : span;
}

/** Python's `round(n / 2)` of an integer n. */
function halfToEven(n: number): number {
  return n % 2 === 0 ? n / 2 : 2 * Math.round(n / 4);
}
