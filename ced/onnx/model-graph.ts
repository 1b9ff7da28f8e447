/**
 * CED in evaluation mode as an ONNX file, the numbers of `model/predictor.ts`. Batch and length are
 * free. The files differ in what they take and give:
 *   `probabilities`  waveform to probabilities and embedding
 *   `logits`         waveform to log-odds, under the names that Hugging Face's libraries expect
 *   `features`       log-mel in dB to probabilities, as sherpa-onnx computes and reads them
 */
import { WINDOW_SAMPLES } from '../audio/log-mel';
import type { ModelConfig } from '../model/config';
import { patchGrid } from '../model/parameters';
import { shortestClipSamples } from '../model/pieces';
import type { Weights } from '../model/weights';
import { clipGraph, type ClipOutput } from './clip-graph';
import { EncoderGraph } from './encoder-graph';
import { logMelGraph } from './front-end-graph';
import { linearFloat32, linearInt8 } from './linear-graph';
import { OnnxGraph, type Described, type Value } from './onnx-graph';

export type OnnxForm = 'probabilities' | 'logits' | 'features';

export interface OnnxOptions {
  /** `int8`: the products of the blocks, which are nearly all of a model, in 8 bits. */
  readonly precision: 'float32' | 'int8';
  /** @default probabilities */
  readonly form?: OnnxForm;
  /** In the order of the classes, for the metadata. @default null, none are known */
  readonly thresholds?: readonly (number | null)[] | null;
}

const OUTPUTS = {
  probabilities: ['probabilities', 'embedding'],
  logits: ['logits'],
  features: ['probabilities'],
} as const satisfies Record<OnnxForm, readonly ClipOutput[]>;

const OUTPUT_DOCS = {
  probabilities: 'in [0, 1], of each class by itself; they do not sum to 1',
  logits: 'log-odds of each class by itself: their sigmoid is the probability, not their softmax',
  embedding: "the transformer's normalised tokens, pooled",
} as const satisfies Record<ClipOutput, string>;

/** @returns the file */
export function onnxModel(
  config: ModelConfig,
  weights: Weights,
  { precision, form = 'probabilities', thresholds = null }: OnnxOptions,
): Uint8Array {
  const graph = new OnnxGraph();
  const encoder = new EncoderGraph(
    graph,
    config,
    weights,
    precision === 'int8' ? linearInt8 : linearFloat32,
  );
  const input = inputOf(form, config);
  const made = clipGraph(graph, encoder, config, spectrogram(graph, form, config), OUTPUTS[form]);
  const outputs = OUTPUTS[form].map((name) => ({
    name,
    shape: ['batch', name === 'embedding' ? config.embed_dim : config.outputdim],
    doc: OUTPUT_DOCS[name],
    from: made[name]!,
  }));
  return graph.finish(input, outputs, {
    doc: docOf(input, outputs, config),
    metadata: metadataOf(config, precision, thresholds),
  });
}

function spectrogram(graph: OnnxGraph, form: OnnxForm, config: ModelConfig): Value {
  switch (form) {
    case 'probabilities':
      return logMelGraph(graph, 'waveform', config.n_mels);
    case 'logits':
      return logMelGraph(graph, 'input_values', config.n_mels);
    case 'features':
      return graph.value('Transpose', ['features'], { perm: [0, 2, 1] });
  }
}

function inputOf(form: OnnxForm, config: ModelConfig): Described {
  const waveform = {
    shape: ['batch', 'samples'],
    doc: `mono audio at 16 kHz in [-1, 1), at least ${shortestSamples(config)} samples`,
  };
  switch (form) {
    case 'probabilities':
      return { name: 'waveform', ...waveform };
    case 'logits':
      return { name: 'input_values', ...waveform };
    case 'features':
      return {
        name: 'features',
        shape: ['batch', config.n_mels, 'frames'],
        doc:
          "the mel powers of Kaldi's filter bank in dB (window of 32 ms, hop of 10 ms, 0 to 8000 " +
          `Hz), of audio at 16 kHz in [-1, 1); at least ${config.patch_size} frames`,
      };
  }
}

function docOf(input: Described, outputs: readonly Described[], config: ModelConfig): string {
  const stated = ({ name, shape, doc }: Described): string =>
    `${name} float32 [${shape.join(', ')}]: ${doc}.`;
  const seconds = ((config.target_length - 1) / 100).toFixed(2);
  return [
    'A CED audio tagger.',
    `Input ${stated(input)}`,
    ...outputs.map((output) => `Output ${stated(output)}`),
    `Batch and length are free: audio longer than ${seconds} s is predicted in pieces of that ` +
      'length, and their outputs are averaged by length. A rest shorter than one patch is dropped.',
    'To check the file: a second of zeros as input gives finite numbers of the shapes above.',
  ].join('\n');
}

function metadataOf(
  config: ModelConfig,
  precision: OnnxOptions['precision'],
  thresholds: readonly (number | null)[] | null,
): Record<string, string> {
  const { id2label, outputdim } = config;
  return {
    sampleRate: '16000',
    shortestSamples: String(shortestSamples(config)),
    precision,
    ...(thresholds ? { thresholds: JSON.stringify(thresholds) } : {}),
    ...(id2label
      ? { labels: JSON.stringify(Array.from({ length: outputdim }, (_, at) => id2label[at])) }
      : {}),
  };
}

/** Of the shortest clip that the file takes: one patch, and more than half a window. */
export function shortestSamples(config: ModelConfig): number {
  return Math.max(shortestClipSamples(config), WINDOW_SAMPLES / 2 + 1);
}

/** Samples of the longest clip that is predicted in one piece without dropping a patch. */
export function longestPieceSamples(config: ModelConfig): number {
  const { time } = patchGrid(config);
  return ((time + 1) * config.patch_size - 1) * 160 - 1;
}
