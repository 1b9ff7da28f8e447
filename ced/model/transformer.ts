/**
 * The CED model behind `init_bn`: patches, blocks, head. Its backward runs the same list in reverse
 * and names every parameter's gradient once.
 */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import { attention, attentionBackward, type Attention } from './attention';
import type { ModelConfig } from './config';
import { head, headBackward, type Head } from './head';
import {
  addAndNormalise,
  normaliseRows,
  normaliseRowsBackward,
  type Normalised,
} from './layer-norm';
import { mlp, mlpBackward, type Mlp } from './mlp';
import type { Gradients, ParameterSource } from './parameter-access';
import { embedPatches, embedPatchesBackward, type PatchEmbedding } from './patch-embedding';

/** Added to the squares of a norm's deviations. */
const EPSILON = 1e-6;

interface Block {
  readonly beforeAttention: Normalised;
  readonly attention: Attention;
  readonly beforeMlp: Normalised;
  readonly mlp: Mlp;
}

export interface Transformer {
  readonly logits: Tensor;
  readonly embedding: PatchEmbedding;
  readonly blocks: readonly Block[];
  readonly last: Normalised;
  readonly head: Head;
}

function attentionShape(config: ModelConfig, { batch, tokensPerClip }: PatchEmbedding) {
  return {
    batch,
    tokens: tokensPerClip,
    heads: config.num_heads,
    headWidth: config.embed_dim / config.num_heads,
  };
}

/** `spectrogram` [batch, frames, mels], normalised by `init_bn`, to logits [batch, classes]. */
export function transformer(
  ops: Ops,
  config: ModelConfig,
  spectrogram: Tensor,
  parameter: ParameterSource,
): Transformer {
  const embedding = embedPatches(ops, config, spectrogram, parameter);
  const shape = attentionShape(config, embedding);
  let sum = embedding.tokens;
  let normalised = normaliseRows(ops, sum, EPSILON);
  const blocks: Block[] = [];
  for (let block = 0; block < config.depth; block++) {
    const name = `encoder.blocks.${block}`;
    const beforeAttention = normalised;
    const attended = attention(ops, beforeAttention, name, shape, parameter);
    const { sum: afterAttention, normalised: beforeMlp } = addAndNormalise(
      ops,
      sum,
      attended,
      EPSILON,
    );
    const fed = mlp(ops, beforeMlp, name, parameter);
    ({ sum, normalised } = addAndNormalise(ops, afterAttention, fed, EPSILON));
    blocks.push({ beforeAttention, attention: attended, beforeMlp, mlp: fed });
  }
  const output = head(ops, config, normalised, embedding, parameter);
  return { logits: output.logits, embedding, blocks, last: normalised, head: output };
}

/**
 * Gradient of the spectrogram's whole patches; those of the parameters go to `gradients`.
 * @param lowest the layer at which it ends: 0 = the embedding, i + 1 = block i, depth + 1 = the
 *   head
 * @returns null where it ends above the embedding
 */
export function transformerBackward(
  ops: Ops,
  config: ModelConfig,
  logitsGradient: Tensor,
  saved: Transformer,
  parameter: ParameterSource,
  gradients: Gradients,
  lowest: number,
): Tensor | null {
  const shape = attentionShape(config, saved.embedding);
  const fromHead = headBackward(
    ops,
    config,
    logitsGradient,
    saved.head,
    saved.embedding,
    parameter,
    gradients,
  );
  let gradient = normaliseRowsBackward(ops, fromHead, saved.last);
  for (const [block, { beforeAttention, attention: attended, beforeMlp, mlp: fed }] of [
    ...saved.blocks.entries(),
  ].reverse()) {
    if (block + 1 < lowest) return null;
    const name = `encoder.blocks.${block}`;
    const fromMlp = mlpBackward(ops, gradient, fed, name, parameter, gradients);
    gradient = normaliseRowsBackward(ops, fromMlp, beforeMlp, gradient);
    const fromAttention = attentionBackward(
      ops,
      gradient,
      attended,
      name,
      shape,
      parameter,
      gradients,
    );
    gradient = normaliseRowsBackward(ops, fromAttention, beforeAttention, gradient);
  }
  if (lowest > 0) return null;
  return embedPatchesBackward(ops, config, gradient, saved.embedding, parameter, gradients);
}
