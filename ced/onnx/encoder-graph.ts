/**
 * CED behind its front end, in evaluation mode, as ONNX nodes: one piece of a spectrogram to scores
 * and embedding, the numbers of `model/transformer.ts`.
 */
import type { ModelConfig } from '../model/config';
import { CERTAINTY } from '../model/head';
import {
  clipToken,
  inputScaling,
  patchKernel,
  positionTable,
  weightsOf,
} from '../model/inference-constants';
import { patchGrid } from '../model/parameters';
import type { Weights } from '../model/weights';
import { linearFloat32, type LinearGraph } from './linear-graph';
import type { OnnxGraph, Value } from './onnx-graph';

export interface PieceScores {
  /** [batch, classes] */
  readonly logits: () => Value;
  /** [batch, classes] */
  readonly probabilities: () => Value;
  /** The normalised tokens, pooled: [batch, width]. */
  readonly embedding: () => Value;
}

export class EncoderGraph {
  constructor(
    private readonly graph: OnnxGraph,
    private readonly config: ModelConfig,
    private readonly weights: Weights,
    private readonly blockLinear: LinearGraph,
  ) {}

  /**
   * Nodes for what is asked of the result, and no others.
   * @param spectrogram in dB, [batch, frames, mels], of no more frames than the model's positions
   */
  scores(spectrogram: Value): PieceScores {
    let x = this.tokens(this.normalised(spectrogram));
    for (let block = 0; block < this.config.depth; block++)
      x = this.block(x, `encoder.blocks.${block}`);
    return this.head(this.layerNorm(x, 'encoder.norm', 1e-6));
  }

  /** log(p / (1 − p)), finite. */
  logOdds(probabilities: Value): Value {
    const { graph } = this;
    const p = graph.value('Clip', [
      probabilities,
      graph.scalar(CERTAINTY),
      graph.scalar(1 - CERTAINTY),
    ]);
    return graph.value('Sub', [
      graph.value('Log', [p]),
      graph.value('Log', [graph.value('Sub', [graph.scalar(1), p])]),
    ]);
  }

  /** `init_bn` with its running statistics, as one gain and one shift a mel bin. */
  private normalised(spectrogram: Value): Value {
    const { gain, shift } = inputScaling(this.weights);
    const mels = [this.config.n_mels];
    return this.graph.value('Add', [
      this.graph.value('Mul', [spectrogram, this.graph.floats(gain, mels)]),
      this.graph.floats(shift, mels),
    ]);
  }

  /**
   * Patches by a convolution that crops what fills none, with their positions: [batch, time ·
   * frequency, width].
   */
  private tokens(spectrogram: Value): Value {
    const { graph } = this;
    const { embed_dim: width, patch_size: patch, n_mels: mels } = this.config;
    const kernel = patchKernel(this.config, this.weights);
    const image = graph.value('Reshape', [spectrogram, graph.integers(0, 1, -1, mels)]);
    const inputs = [
      image,
      graph.floats(kernel, [width, 1, patch, patch]),
      graph.floats(this.data('encoder.patch_embed.proj.bias'), [width]),
    ];
    const convolved = graph.value('Conv', inputs, {
      kernel_shape: [patch, patch],
      strides: [patch, patch],
    });
    const patches = graph.value(
      'Transpose',
      [graph.value('Reshape', [convolved, graph.integers(0, width, -1)])],
      { perm: [0, 2, 1] },
    );
    const count = graph.extent(patches, 1);
    const positions = graph.value('Slice', [
      this.positions(),
      graph.integers(0),
      count,
      graph.integers(0),
    ]);
    const placed = graph.value('Add', [patches, positions]);
    if (this.config.pooling !== 'token') return placed;
    const token = graph.floats(clipToken(this.weights), [1, 1, width]);
    const shape = graph.value('Concat', [graph.extent(patches, 0), graph.integers(1, width)], {
      axis: 0,
    });
    return graph.value('Concat', [graph.value('Expand', [token, shape]), placed], { axis: 1 });
  }

  /** [time · frequency, width] */
  private positions(): Value {
    const { embed_dim: width } = this.config;
    const { time, frequency } = patchGrid(this.config);
    const table = positionTable(this.config, this.weights);
    return this.graph.floats(table, [time * frequency, width]);
  }

  private block(x: Value, name: string): Value {
    const { graph } = this;
    const { embed_dim: width, num_heads: heads } = this.config;
    const qkv = this.linear(this.layerNorm(x, `${name}.norm1`, 1e-6), `${name}.attn.qkv`);
    const perHead = (part: Value, perm: number[]): Value =>
      graph.value(
        'Transpose',
        [graph.value('Reshape', [part, graph.integers(0, -1, heads, width / heads)])],
        { perm },
      );
    const [q, k, v] = graph.node('Split', [qkv], { axis: -1 }, 3) as [Value, Value, Value];
    const scores = graph.value('MatMul', [perHead(q, [0, 2, 1, 3]), perHead(k, [0, 2, 3, 1])]);
    const weights = graph.value(
      'Softmax',
      [graph.value('Mul', [scores, graph.scalar((width / heads) ** -0.5)])],
      { axis: -1 },
    );
    const attended = graph.value(
      'Transpose',
      [graph.value('MatMul', [weights, perHead(v, [0, 2, 1, 3])])],
      { perm: [0, 2, 1, 3] },
    );
    const merged = graph.value('Reshape', [attended, graph.integers(0, -1, width)]);
    const afterAttention = graph.value('Add', [x, this.linear(merged, `${name}.attn.proj`)]);
    const hidden = this.linear(
      this.layerNorm(afterAttention, `${name}.norm2`, 1e-6),
      `${name}.mlp.fc1`,
    );
    return graph.value('Add', [afterAttention, this.linear(this.gelu(hidden), `${name}.mlp.fc2`)]);
  }

  /** In the form that onnxruntime makes one kernel of. */
  private gelu(x: Value): Value {
    const { graph } = this;
    const erf = graph.value('Erf', [graph.value('Div', [x, graph.scalar(Math.SQRT2)])]);
    return graph.value('Mul', [
      graph.value('Mul', [x, graph.value('Add', [erf, graph.scalar(1)])]),
      graph.scalar(0.5),
    ]);
  }

  private head(tokens: Value): PieceScores {
    const { graph } = this;
    const { embed_dim: width, pooling } = this.config;
    const weights = {
      weight: this.data('outputlayer.1.weight'),
      bias: this.data('outputlayer.1.bias'),
    };
    const classify = (pooled: Value): Value =>
      linearFloat32(graph, this.layerNorm(pooled, 'outputlayer.0', 1e-5), weights);
    const mean = (x: Value, axis: number): Value =>
      graph.value('ReduceMean', [x], { axes: [axis], keepdims: 0 });
    switch (pooling) {
      case 'mean':
      case 'logit':
      case 'token': {
        const embedding = pooling === 'token' ? this.firstToken(tokens) : mean(tokens, 1);
        const logits = classify(embedding);
        return {
          logits: () => logits,
          probabilities: () => graph.value('Sigmoid', [logits]),
          embedding: () => embedding,
        };
      }
      case 'dm': {
        const moments = graph.value('Reshape', [
          tokens,
          graph.integers(0, -1, patchGrid(this.config).frequency, width),
        ]);
        const ofMoments = graph.value('Sigmoid', [classify(mean(moments, 2))]);
        const probabilities = mean(ofMoments, 1);
        return {
          logits: () => this.logOdds(probabilities),
          probabilities: () => probabilities,
          embedding: () => mean(tokens, 1),
        };
      }
    }
  }

  private firstToken(tokens: Value): Value {
    const { graph } = this;
    const first = graph.value('Slice', [
      tokens,
      graph.integers(0),
      graph.integers(1),
      graph.integers(1),
    ]);
    return graph.value('Reshape', [first, graph.integers(0, this.config.embed_dim)]);
  }

  private linear(x: Value, name: string): Value {
    return this.blockLinear(this.graph, x, {
      weight: this.data(`${name}.weight`),
      bias: this.data(`${name}.bias`),
    });
  }

  private layerNorm(x: Value, name: string, epsilon: number): Value {
    const parameters = ['weight', 'bias'].map((part) =>
      this.graph.floats(this.data(`${name}.${part}`), [this.config.embed_dim]),
    );
    return this.graph.value('LayerNormalization', [x, ...parameters], {
      axis: -1,
      epsilon: { float: epsilon },
    });
  }

  private data(name: string): Float32Array {
    return weightsOf(this.weights, name);
  }
}
