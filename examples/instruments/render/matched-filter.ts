import { Fft } from './fft';

/**
 * Finds where a short excerpt occurs in a long recording: the highest normalised cross-correlation
 * over all positions (overlap-save). 1 or −1 is the same waveform at another level, two different
 * recordings of one note stay well below.
 */

export interface Match {
  /** −1…1, of the largest magnitude. */
  readonly correlation: number;
  /** Position in the recording, in samples. */
  readonly position: number;
}

export class MatchedFilter {
  private readonly fft: Fft;
  private readonly hop: number;
  private readonly spectra: { re: Float64Array; im: Float64Array }[] = [];
  private readonly energy: Float64Array;

  /** @param excerptSamples length of every excerpt that will be looked for */
  constructor(
    private readonly recording: Float32Array,
    private readonly excerptSamples: number,
    fftSize = 16_384,
  ) {
    this.fft = new Fft(fftSize);
    this.hop = fftSize - excerptSamples + 1;
    for (let start = 0; start < recording.length; start += this.hop) {
      const re = new Float64Array(fftSize);
      const im = new Float64Array(fftSize);
      re.set(recording.subarray(start, start + fftSize));
      this.fft.forward(re, im);
      this.spectra.push({ re, im });
    }
    this.energy = cumulativeEnergy(recording);
  }

  /**
   * Two excerpts at once: one takes the real, the other the imaginary part of the same transform.
   */
  findPair(first: Float32Array, second: Float32Array): [Match, Match] {
    const { size } = this.fft;
    const re = new Float64Array(size);
    const im = new Float64Array(size);
    // Reversed in time, a convolution becomes a correlation.
    for (let i = 0; i < this.excerptSamples; i += 1) {
      const at = (size - i) % size;
      re[at] = first[i]!;
      im[at] = second[i]!;
    }
    this.fft.forward(re, im);
    const best: [Match, Match] = [
      { correlation: 0, position: 0 },
      { correlation: 0, position: 0 },
    ];
    const norms = [first, second].map((excerpt) =>
      Math.sqrt(cumulativeEnergy(excerpt)[excerpt.length]!),
    );
    this.spectra.forEach((block, b) => {
      const x = new Float64Array(size);
      const y = new Float64Array(size);
      for (let k = 0; k < size; k += 1) {
        x[k] = block.re[k]! * re[k]! - block.im[k]! * im[k]!;
        y[k] = block.re[k]! * im[k]! + block.im[k]! * re[k]!;
      }
      this.fft.inverse(x, y);
      this.improve(best, 0, x, b * this.hop, norms[0]!);
      this.improve(best, 1, y, b * this.hop, norms[1]!);
    });
    return best;
  }

  private improve(
    best: [Match, Match],
    which: 0 | 1,
    products: Float64Array,
    start: number,
    norm: number,
  ): void {
    const last = Math.min(this.hop, this.recording.length - this.excerptSamples - start);
    for (let i = 0; i < last; i += 1) {
      const position = start + i;
      const windowEnergy = this.energy[position + this.excerptSamples]! - this.energy[position]!;
      // A window a thousand times softer than the excerpt is silence with rounding errors.
      if (windowEnergy < 1e-6 * norm * norm || windowEnergy < 1e-8) continue;
      const correlation = products[i]! / (this.fft.size * norm * Math.sqrt(windowEnergy));
      if (Math.abs(correlation) > Math.abs(best[which].correlation))
        best[which] = { correlation, position };
    }
  }
}

function cumulativeEnergy(samples: Float32Array): Float64Array {
  const sums = new Float64Array(samples.length + 1);
  for (let i = 0; i < samples.length; i += 1) sums[i + 1] = sums[i]! + samples[i]! * samples[i]!;
  return sums;
}
