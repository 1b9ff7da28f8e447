/** The CED model behind `init_bn`: patches, blocks, head. Its backward runs the same list in reverse and names every parameter's gradient once. */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import { attention, attentionBackward, type Attention } from './attention';
import type { ModelConfig } from './config';
import { head, headBackward, type Head } from './head';
import { mlp, mlpBackward, type Mlp } from './mlp';
import type { Gradients, ParameterSource } from './parameter-access';
import { embedPatches, embedPatchesBackward, type PatchEmbedding } from './patch-embedding';

export interface Transformer {
  readonly logits: Tensor;
  readonly embedding: PatchEmbedding;
  readonly blocks: readonly { readonly attention: Attention; readonly mlp: Mlp }[];
  readonly head: Head;
}

function attentionShape(config: ModelConfig, { batch, tokensPerClip }: PatchEmbedding) {
  return { batch, tokens: tokensPerClip, heads: config.num_heads, headWidth: config.embed_dim / config.num_heads };
}

/** `spectrogram` [batch, frames, mels], normalised by `init_bn`, to logits [batch, classes]. */
export function transformer(ops: Ops, config: ModelConfig, spectrogram: Tensor, parameter: ParameterSource): Transformer {
  const embedding = embedPatches(ops, config, spectrogram, parameter);
  let x = embedding.tokens;
  const blocks: { attention: Attention; mlp: Mlp }[] = [];
  for (let block = 0; block < config.depth; block++) {
    const name = `encoder.blocks.${block}`;
    const attended = attention(ops, x, name, attentionShape(config, embedding), parameter);
    const fed = mlp(ops, attended.output, name, parameter);
    blocks.push({ attention: attended, mlp: fed });
    x = fed.output;
  }
  const output = head(ops, config, x, embedding, parameter);
  return { logits: output.logits, embedding, blocks, head: output };
}

/** Gradient of the spectrogram's whole patches; those of the parameters go to `gradients`. */
export function transformerBackward(
  ops: Ops,
  config: ModelConfig,
  logitsGradient: Tensor,
  saved: Transformer,
  parameter: ParameterSource,
  gradients: Gradients,
): Tensor {
  let gradient = headBackward(ops, config, logitsGradient, saved.head, saved.embedding, parameter, gradients);
  for (const [block, { attention: attended, mlp: fed }] of [...saved.blocks.entries()].reverse()) {
    const name = `encoder.blocks.${block}`;
    gradient = mlpBackward(ops, gradient, fed, name, parameter, gradients);
    gradient = attentionBackward(ops, gradient, attended, name, attentionShape(config, saved.embedding), parameter, gradients);
  }
  return embedPatchesBackward(ops, config, gradient, saved.embedding, parameter, gradients);
}
