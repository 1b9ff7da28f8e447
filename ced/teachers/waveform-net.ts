/**
 * A teacher with a front end of its own: waveforms float32 [batch, samples] in, [batch, classes]
 * out. Its input is the shifted wave, never the masked spectrogram, since there is no spectrogram
 * of ours to mask.
 */
import { rowsByLength, type PredictionInput } from '../model/prediction-input';
import { rowsOf } from '../model/rows';
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
 * Clips of one length at a time, since the effect of padding on a foreign network is unknown.
 * @returns float32 [batch, classes].
 * @throws TeacherInvalid when the network refuses the input or its output has another shape
 */
export async function waveformProbabilities(
  net: WaveformNet,
  output: WaveformOutput,
  input: PredictionInput,
): Promise<Float32Array> {
  const { classes } = output;
  const probabilities = new Float32Array(input.batch * classes);
  for (const [length, rows] of rowsByLength(input))
    for (let from = 0; from < rows.length; from += rowsAtOnce) {
      const some = rows.slice(from, from + rowsAtOnce);
      const values = await run(
        net,
        output,
        rowsOf(input.pcm, some, input.samples),
        some.length,
        length,
      );
      some.forEach((row, at) =>
        probabilities.set(values.subarray(at * classes, (at + 1) * classes), row * classes),
      );
    }
  return probabilities;
}

/** @param pcm of `rows` clips of `samples` samples, each at the start of its row */
async function run(
  net: WaveformNet,
  { output, classes }: WaveformOutput,
  pcm: Int16Array,
  rows: number,
  samples: number,
): Promise<Float32Array> {
  const width = pcm.length / rows;
  const waveform = new Float32Array(rows * samples);
  for (let row = 0; row < rows; row++)
    for (let at = 0; at < samples; at++)
      waveform[row * samples + at] = (pcm[row * width + at] as number) / 32_768;
  const { values, shape } = await net.run(waveform, rows, samples).catch((error: unknown) => {
    throw new TeacherInvalid(
      'outputShape',
      `it cannot predict ${rows} clips of ${samples} samples: ${(error as Error).message}`,
    );
  });
  if (shape.join() !== `${rows},${classes}`)
    throw new TeacherInvalid(
      'outputShape',
      `it returned [${shape.join(', ')}] for ${rows} clips, its vocabulary has ${classes} classes`,
    );
  return output === 'logits' ? values.map((value) => 1 / (1 + Math.exp(-value))) : values;
}
