/**
 * CED in evaluation mode as a LiteRT (TensorFlow Lite) file, the numbers of `model/predictor.ts`.
 * It takes one clip of one length: LiteRT plans its memory for fixed shapes.
 */
import type { ModelConfig } from '../model/config';
import type { Weights } from '../model/weights';
import { EncoderGraph } from './encoder-graph';
import { logMelGraph } from './front-end-graph';
import { TfliteGraph } from './tflite-graph';

/**
 * @param samples of the clip at 16 kHz, no more than one piece
 * @returns the file
 */
export function tfliteModel(config: ModelConfig, weights: Weights, samples: number): Uint8Array {
  const graph = new TfliteGraph();
  const waveform = graph.input('waveform', [1, samples]);
  const spectrogram = logMelGraph(graph, waveform, config.n_mels);
  const { probabilities, embedding } = new EncoderGraph(graph, config, weights).scores(spectrogram);
  return graph.finish(
    [{ name: 'waveform', value: waveform }],
    [
      { name: 'probabilities', value: probabilities },
      { name: 'embedding', value: embedding },
    ],
    [
      'A CED audio tagger.',
      `Input waveform float32 [1, ${samples}]: mono audio at 16 kHz in [-1, 1).`,
      `Output probabilities float32 [1, ${config.outputdim}]: of each class by itself, in [0, 1].`,
      `Output embedding float32 [1, ${config.embed_dim}]: the normalised tokens, pooled.`,
    ].join('\n'),
  );
}
