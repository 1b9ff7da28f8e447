/**
 * What the weights become in graphs that are written for inference: numbers that depend on no audio
 * are computed once.
 */
import type { ModelConfig } from './config';
import { patchGrid } from './parameters';
import type { Weights } from './weights';

/** @throws where the weights lack the tensor */
export function weightsOf(weights: Weights, name: string): Float32Array {
  const tensor = weights.get(name);
  if (tensor === undefined) throw new Error(`the weights lack ${name}`);
  return tensor.data;
}

/** `init_bn` with its running statistics, as one gain and one shift a mel bin. */
export function inputScaling(weights: Weights): { gain: Float32Array; shift: Float32Array } {
  const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (name) => weightsOf(weights, `encoder.init_bn.${name}`),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const gain = weight.map((value, mel) => value / Math.sqrt(variance[mel]! + 1e-5));
  return { gain, shift: bias.map((value, mel) => value - mean[mel]! * gain[mel]!) };
}

/** Of the convolution that makes patches of spectrograms: [width, time, frequency]. */
export function patchKernel({ patch_size: patch }: ModelConfig, weights: Weights): Float32Array {
  // [width, 1, frequency, time]
  const published = weightsOf(weights, 'encoder.patch_embed.proj.weight');
  const kernel = new Float32Array(published.length);
  published.forEach((value, index) => {
    const [channel, frequency, time] = [
      Math.floor(index / patch ** 2),
      Math.floor(index / patch) % patch,
      index % patch,
    ];
    kernel[(channel * patch + time) * patch + frequency] = value;
  });
  return kernel;
}

/** Of the patches of the longest piece: [time · frequency, width]. */
export function positionTable(config: ModelConfig, weights: Weights): Float32Array {
  const { embed_dim: width } = config;
  const { time, frequency } = patchGrid(config);
  const inTime = weightsOf(weights, 'encoder.time_pos_embed');
  const inFrequency = weightsOf(weights, 'encoder.freq_pos_embed');
  return Float32Array.from({ length: time * frequency * width }, (_, index) => {
    const [place, channel] = [Math.floor(index / width), index % width];
    return (
      inTime[channel * time + Math.floor(place / frequency)]! +
      inFrequency[channel * frequency + (place % frequency)]!
    );
  });
}

/** The token that stands for the clip, at its position: [width]. */
export function clipToken(weights: Weights): Float32Array {
  const position = weightsOf(weights, 'encoder.token_pos_embed');
  return weightsOf(weights, 'encoder.cls_token').map((value, index) => value + position[index]!);
}
