/**
 * The tensors of a CED model: names, shapes, which are trained and in which order they are kept.
 * Names are those of the published checkpoints.
 */
import { elementCount, type Shape } from '../engine/tensor';
import type { ModelConfig } from './config';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  /**
   * Running statistics are part of the weights but no parameters: the optimizer leaves them alone.
   */
  readonly trained: boolean;
}

export function patchGrid(config: ModelConfig): { frequency: number; time: number } {
  return {
    frequency: Math.floor(config.n_mels / config.patch_size),
    time: Math.floor(config.target_length / config.patch_size),
  };
}

export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  const width = config.embed_dim;
  const hidden = width * config.mlp_ratio;
  const grid = patchGrid(config);
  const specs: ParameterSpec[] = [];
  const add = (name: string, shape: Shape, trained = true): void =>
    void specs.push({ name, shape, trained });
  const linear = (name: string, outputs: number, inputs: number): void => {
    add(`${name}.weight`, [outputs, inputs]);
    add(`${name}.bias`, [outputs]);
  };
  const norm = (name: string): void => {
    add(`${name}.weight`, [width]);
    add(`${name}.bias`, [width]);
  };

  add('encoder.init_bn.weight', [config.n_mels]);
  add('encoder.init_bn.bias', [config.n_mels]);
  add('encoder.init_bn.running_mean', [config.n_mels], false);
  add('encoder.init_bn.running_var', [config.n_mels], false);
  add('encoder.patch_embed.proj.weight', [width, 1, config.patch_size, config.patch_size]);
  add('encoder.patch_embed.proj.bias', [width]);
  add('encoder.time_pos_embed', [1, width, 1, grid.time]);
  add('encoder.freq_pos_embed', [1, width, grid.frequency, 1]);
  if (config.pooling === 'token') {
    add('encoder.cls_token', [1, 1, width]);
    add('encoder.token_pos_embed', [1, width]);
  }
  for (let block = 0; block < config.depth; block++) {
    const name = `encoder.blocks.${block}`;
    norm(`${name}.norm1`);
    linear(`${name}.attn.qkv`, 3 * width, width);
    linear(`${name}.attn.proj`, width, width);
    norm(`${name}.norm2`);
    linear(`${name}.mlp.fc1`, hidden, width);
    linear(`${name}.mlp.fc2`, width, hidden);
  }
  norm('encoder.norm');
  norm('outputlayer.0');
  linear('outputlayer.1', config.outputdim, width);
  return specs;
}

/** Trained numbers; running statistics don't count. */
export function parameterCount(config: ModelConfig): number {
  return parameterSpecs(config).reduce(
    (sum, { shape, trained }) => sum + (trained ? elementCount(shape) : 0),
    0,
  );
}
