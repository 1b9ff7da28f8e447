/** What a prediction costs, by the shape of the model alone. */
import { frameCount } from '../audio/frames';
import { sampleRate } from '../audio/mono16k';
import type { ModelConfig } from './config';
import { pieceLengths } from './pieces';

/**
 * Floating-point operations of the matrix products of one forward pass over a chunk, two for each
 * multiplication with its addition. A chunk longer than the model's positions is predicted in
 * pieces.
 */
export function forwardOperations(config: ModelConfig, chunkSeconds: number): number {
  const frames = frameCount(chunkSeconds * sampleRate);
  const pieces = frames < config.patch_size ? [] : pieceLengths(frames, config);
  return pieces.reduce((sum, { length }) => sum + pieceOperations(config, length), 0);
}

/** The same for a second of audio that comes in such chunks. */
export function operationsPerSecond(config: ModelConfig, chunkSeconds: number): number {
  return forwardOperations(config, chunkSeconds) / chunkSeconds;
}

function pieceOperations(config: ModelConfig, frames: number): number {
  const { embed_dim: width, depth, mlp_ratio: ratio, outputdim, patch_size: patch } = config;
  const patches = Math.floor(frames / patch) * Math.floor(config.n_mels / patch);
  const tokens = patches + (config.pooling === 'token' ? 1 : 0);
  const block = 2 * tokens * width * width * (4 + 2 * ratio) + 4 * tokens * tokens * width;
  return depth * block + 2 * patches * width * patch * patch + 2 * width * outputdim;
}
