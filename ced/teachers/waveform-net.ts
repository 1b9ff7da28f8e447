/**
 * A teacher with a front end of its own: waveforms float32 [batch, samples] in, [batch, classes]
 * out. Its input is the shifted wave, never the masked spectrogram, since there is no spectrogram
 * of ours to mask.
 */
import { rowsByLength, type PredictionInput } from '../model/prediction-input';
import { classScores, type ClassAxis, type ClassScores } from './class-scores';
import { TeacherInvalid } from './teacher-invalid';
import type { WaveformLayout } from './waveform-layout';
import { clipWindows, padWindow, type ClipWindows, type WaveformWindows } from './waveform-windows';

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

export interface WaveformOutput extends ClassAxis, WaveformWindows {
  readonly output: 'probabilities' | 'logits';
  /** The network's own. */
  readonly classes: number;
}

/**
 * Windows given to the network at once: it may hold hundreds of megabytes of each inside, which are
 * not ours to know.
 */
const atOnceAtMost = 16;

/**
 * Clips of one length at a time, since the effect of padding on a foreign network is unknown.
 * Windows of a clip are pooled as frames are. A network that takes a set number of rows gets silent
 * rows.
 * @param onFrames is told how many frames of the output were pooled for each window
 * @returns float32 [batch, classes]; zeros for clips shorter than their window that are not padded
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
  for (const [samples, rows] of rowsByLength(input)) {
    const windows = clipWindows(samples, net.layout, output);
    if (windows.samples < windows.length && output.pad === 'none') continue;
    const pieces = rows.flatMap((row) => windows.starts.map((start) => ({ row, start })));
    const atOnce = net.layout.batch ?? atOnceAtMost;
    const pooled = new PooledWindows(rows, classes, output.pool);
    for (let from = 0; from < pieces.length; from += atOnce) {
      const some = pieces.slice(from, from + atOnce);
      const { values, frames } = await run(net, output, some, windows, input);
      onFrames(frames);
      some.forEach(({ row }, at) =>
        pooled.add(row, values.subarray(at * classes, (at + 1) * classes)),
      );
    }
    pooled.write(probabilities, windows.starts.length);
  }
  return probabilities;
}

/** What the windows of each clip gave so far. */
class PooledWindows {
  private readonly sums = new Map<number, Float64Array>();

  constructor(
    rows: readonly number[],
    private readonly classes: number,
    private readonly pool: ClassAxis['pool'] = 'mean',
  ) {
    for (const row of rows)
      this.sums.set(row, new Float64Array(classes).fill(pool === 'max' ? -Infinity : 0));
  }

  add(row: number, values: Float32Array): void {
    const sums = this.sums.get(row)!;
    for (let index = 0; index < this.classes; index++)
      sums[index] =
        this.pool === 'max'
          ? Math.max(sums[index]!, values[index]!)
          : sums[index]! + values[index]!;
  }

  /** @param into [batch, classes] */
  write(into: Float32Array, windows: number): void {
    for (const [row, sums] of this.sums)
      into.set(this.pool === 'max' ? sums : sums.map((sum) => sum / windows), row * this.classes);
  }
}

/** @param pieces windows of rows of `input` */
async function run(
  net: WaveformNet,
  output: WaveformOutput,
  pieces: readonly { row: number; start: number }[],
  { samples, length }: ClipWindows,
  { pcm, samples: width }: PredictionInput,
): Promise<ClassScores> {
  const batch = net.layout.batch ?? pieces.length;
  const clips = `${pieces.length} ${pieces.length === 1 ? 'clip' : 'clips'}`;
  const waveform = new Float32Array(batch * length);
  pieces.forEach(({ row, start }, piece) => {
    const out = waveform.subarray(piece * length, (piece + 1) * length);
    for (let at = 0; at < samples; at++) out[at] = pcm[row * width + start + at]! / 32_768;
    padWindow(out, samples, output);
  });
  const given = await net.run(waveform, batch, length).catch((error: unknown) => {
    throw new TeacherInvalid(
      'outputShape',
      `it cannot predict ${clips} of ${length} samples: ${(error as Error).message}`,
    );
  });
  const { classes } = output;
  const scored = output.output === 'logits' ? sigmoid : same;
  const scores = classScores(given, batch, classes, scored, output);
  if (scores === null)
    throw new TeacherInvalid(
      'outputShape',
      `it returned [${given.shape.join(', ')}] for ${clips}, ` +
        `its vocabulary has ${classes} classes` +
        (output.axis === undefined ? '' : `, at axis ${output.axis}`),
    );
  return scores;
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function same(value: number): number {
  return value;
}
