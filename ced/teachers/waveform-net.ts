/**
 * A teacher with a front end of its own: waveforms float32 [batch, samples] in, [batch, classes]
 * out. Its input is the shifted wave, never the masked spectrogram, since there is no spectrogram
 * of ours to mask.
 */
import { sampleRate } from '../audio/mono16k';
import { rowsByLength, type PredictionInput } from '../model/prediction-input';
import { rowsOf } from '../model/rows';
import { classScores, type ClassScores } from './class-scores';
import { TeacherInvalid } from './teacher-invalid';
import type { WaveformLayout } from './waveform-layout';

export interface WaveformNet {
  readonly layout: WaveformLayout;
  /**
   * @param batch rows that `layout` allows, as `samples`
   * @returns what the network gave, with its shape
   */
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
 * One that takes a set number of samples gets shorter clips with silence behind them, and one that
 * takes a set number of rows gets silent rows.
 * @param onFrames is told how many frames of the output were averaged for each clip
 * @returns float32 [batch, classes].
 * @throws TeacherInvalid when the network refuses the input or its output has another shape
 */
export async function waveformProbabilities(
  net: WaveformNet,
  output: WaveformOutput,
  input: PredictionInput,
  onFrames: (frames: number) => void = () => undefined,
): Promise<Float32Array> {
  const { classes } = output;
  const probabilities = new Float32Array(input.batch * classes);
  const atOnce = net.layout.batch ?? rowsAtOnce;
  for (const [length, rows] of rowsByLength(input))
    for (let from = 0; from < rows.length; from += atOnce) {
      const some = rows.slice(from, from + atOnce);
      const pcm = rowsOf(input.pcm, some, input.samples);
      const { values, frames } = await run(net, output, pcm, some.length, length);
      onFrames(frames);
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
): Promise<ClassScores> {
  const [batch, length] = [net.layout.batch ?? rows, net.layout.samples ?? samples];
  const clips = `${rows} ${rows === 1 ? 'clip' : 'clips'}`;
  const what = `${clips} of ${samples} samples`;
  if (samples > length)
    throw new TeacherInvalid(
      'outputShape',
      `it takes ${length} samples, not ${what}; set chunkSeconds to ${length / sampleRate}`,
    );
  const width = pcm.length / rows;
  const waveform = new Float32Array(batch * length);
  for (let row = 0; row < rows; row++)
    for (let at = 0; at < samples; at++)
      waveform[row * length + at] = (pcm[row * width + at] as number) / 32_768;
  const given = await net.run(waveform, batch, length).catch((error: unknown) => {
    throw new TeacherInvalid(
      'outputShape',
      `it cannot predict ${what}: ${(error as Error).message}`,
    );
  });
  const scores = classScores(given, batch, classes, output === 'logits' ? sigmoid : same);
  if (scores === null)
    throw new TeacherInvalid(
      'outputShape',
      `it returned [${given.shape.join(', ')}] for ${clips}, ` +
        `its vocabulary has ${classes} classes`,
    );
  return scores;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function same(value: number): number {
  return value;
}
