/**
 * A teacher with a front end of its own: waveforms float32 [batch, samples] in, [batch, classes]
 * out. It hears the shifted wave, never the masked spectrogram, since there is no spectrogram of
 * ours to mask.
 */
import type { PredictionInput } from '../model/front-end';
import { TeacherInvalid } from './teacher-invalid';

export interface WaveformNet {
  /** @returns what the network gave, with its shape */
  run(
    waveform: Float32Array,
    batch: number,
    samples: number,
  ): Promise<{ values: Float32Array; shape: readonly number[] }>;
  dispose(): void;
}

export interface WaveformOutput {
  readonly output: 'probabilities' | 'logits';
  /** The network's own. */
  readonly classes: number;
}

/**
 * Rows given to the network at once: it may hold hundreds of megabytes a row inside, which are not
 * ours to know.
 */
const rowsAtOnce = 16;

/**
 * @returns float32 [batch, classes].
 * @throws TeacherInvalid when the network refuses the input or its output has another shape
 */
export async function waveformProbabilities(
  net: WaveformNet,
  { output, classes }: WaveformOutput,
  { pcm, batch, samples }: PredictionInput,
): Promise<Float32Array> {
  const probabilities = new Float32Array(batch * classes);
  for (let row = 0; row < batch; row += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, batch - row);
    const waveform = Float32Array.from(
      pcm.subarray(row * samples, (row + rows) * samples),
      (sample) => sample / 32_768,
    );
    const { values, shape } = await net.run(waveform, rows, samples).catch((error: unknown) => {
      throw new TeacherInvalid(
        'outputShape',
        `it cannot hear ${rows} clips of ${samples} samples: ${(error as Error).message}`,
      );
    });
    if (shape.join() !== `${rows},${classes}`)
      throw new TeacherInvalid(
        'outputShape',
        `it returned [${shape.join(', ')}] for ${rows} clips, its vocabulary has ${classes} classes`,
      );
    probabilities.set(
      output === 'logits' ? values.map((value) => 1 / (1 + Math.exp(-value))) : values,
      row * classes,
    );
  }
  return probabilities;
}
