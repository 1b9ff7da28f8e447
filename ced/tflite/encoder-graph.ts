/**
 * CED behind its front end, in evaluation mode, as LiteRT operators: one clip's spectrogram to
 * scores and embedding, the numbers of `model/transformer.ts`. Tokens are [tokens, width].
 */
import type { ModelConfig } from '../model/config';
import {
  clipToken,
  inputScaling,
  patchKernel,
  positionTable,
  weightsOf,
} from '../model/inference-constants';
import type { Weights } from '../model/weights';
import type { TfliteGraph, Value } from './tflite-graph';

export class EncoderGraph {
  constructor(
    private readonly graph: TfliteGraph,
    private readonly config: ModelConfig,
    private readonly weights: Weights,
  ) {}

  /**
   * @param spectrogram in dB, [frames, mels], of no more frames than the model's positions
   * @returns probabilities [1, classes] and embedding [1, width]
   */
  scores(spectrogram: Value): { probabilities: Value; embedding: Value } {
    const { tokens, frequencies } = this.tokens(this.normalised(spectrogram));
    let x = tokens;
    for (let block = 0; block < this.config.depth; block++)
      x = this.block(x, `encoder.blocks.${block}`);
    return this.head(this.layerNorm(x, 'encoder.norm', 1e-6), frequencies);
  }

  private normalised(spectrogram: Value): Value {
    const { gain, shift } = inputScaling(this.weights);
    const scaled = this.rowwise('MUL', spectrogram, gain);
    return this.rowwise('ADD', scaled, shift);
  }

  /** Patches by a convolution that crops what fills none, with their positions. */
  private tokens(spectrogram: Value): { tokens: Value; frequencies: number } {
    const { graph, config, weights } = this;
    const { embed_dim: width, patch_size: patch } = config;
    const [frames, mels] = spectrogram.shape as [number, number];
    const [times, frequencies] = [Math.floor(frames / patch), Math.floor(mels / patch)];
    const inputs = [
      graph.reshape(spectrogram, [1, frames, mels, 1]),
      graph.floats(patchKernel(config, weights), [width, patch, patch, 1]),
      graph.floats(this.data('encoder.patch_embed.proj.bias'), [width]),
    ];
    const convolved = graph.value('CONV_2D', inputs, [1, times, frequencies, width], {
      0: { byte: 1 }, // valid: what fills no patch is cropped
      1: { int: patch },
      2: { int: patch },
    });
    const count = times * frequencies;
    const positions = positionTable(config, weights).slice(0, count * width);
    const placed = graph.value(
      'ADD',
      [graph.reshape(convolved, [count, width]), graph.floats(positions, [count, width])],
      [count, width],
    );
    if (config.pooling !== 'token') return { tokens: placed, frequencies };
    const token = graph.floats(clipToken(weights), [1, width]);
    const tokens = graph.value('CONCATENATION', [token, placed], [count + 1, width], {
      0: { int: 0 },
    });
    return { tokens, frequencies };
  }

  private block(x: Value, name: string): Value {
    const { graph } = this;
    const attended = this.attention(this.layerNorm(x, `${name}.norm1`, 1e-6), `${name}.attn`);
    const between = graph.value('ADD', [x, attended], x.shape);
    const hidden = this.linear(this.layerNorm(between, `${name}.norm2`, 1e-6), `${name}.mlp.fc1`);
    const active = graph.value('GELU', [hidden], hidden.shape, { 0: { byte: 0 } });
    return graph.value('ADD', [between, this.linear(active, `${name}.mlp.fc2`)], x.shape);
  }

  private attention(x: Value, name: string): Value {
    const { graph } = this;
    const { embed_dim: width, num_heads: heads } = this.config;
    const [tokens] = x.shape as [number];
    const each = width / heads;
    const weight = this.data(`${name}.qkv.weight`); // queries, keys, values: [3 · width, width]
    const bias = this.data(`${name}.qkv.bias`);
    const turned = (part: Value, extents: number[]): Value =>
      graph.value('TRANSPOSE', [part, graph.integers(1, 0, 2)], extents);
    // Scores are divided by the root of the width; here the queries already are.
    const [queries, keys, values] = [each ** -0.5, 1, 1].map((factor, part) => {
      const scaled = (data: Float32Array): Float32Array =>
        data
          .subarray((part * data.length) / 3, ((part + 1) * data.length) / 3)
          .map((value) => value * factor);
      const made = this.product(x, scaled(weight), scaled(bias));
      return turned(graph.reshape(made, [tokens, heads, each]), [heads, tokens, each]);
    }) as [Value, Value, Value];
    const square = [heads, tokens, tokens];
    const scores = graph.value('BATCH_MATMUL', [queries, keys], square, { 1: { byte: 1 } });
    const shares = graph.value('SOFTMAX', [scores], square, { 0: { float: 1 } });
    const attended = graph.value('BATCH_MATMUL', [shares, values], [heads, tokens, each]);
    const merged = graph.reshape(turned(attended, [tokens, heads, each]), [tokens, width]);
    return this.linear(merged, `${name}.proj`);
  }

  private head(tokens: Value, frequencies: number): { probabilities: Value; embedding: Value } {
    const { graph } = this;
    const { embed_dim: width, outputdim: classes, pooling } = this.config;
    const [count] = tokens.shape as [number];
    const classified = (pooled: Value): Value => {
      const logits = this.linear(this.layerNorm(pooled, 'outputlayer.0', 1e-5), 'outputlayer.1');
      return graph.value('LOGISTIC', [logits], logits.shape);
    };
    const embedding =
      pooling === 'token'
        ? graph.slice(tokens, [0, 0], [1, width])
        : graph.mean(tokens, 0, [1, width]);
    if (pooling !== 'dm') return { probabilities: classified(embedding), embedding };
    const times = count / frequencies;
    const moments = graph.mean(graph.reshape(tokens, [times, frequencies, width]), 1, [
      times,
      1,
      width,
    ]);
    const ofMoments = classified(graph.reshape(moments, [times, width]));
    return { probabilities: graph.mean(ofMoments, 0, [1, classes]), embedding };
  }

  private linear(x: Value, name: string): Value {
    return this.product(x, this.data(`${name}.weight`), this.data(`${name}.bias`));
  }

  /** @param weight [outputs, inputs] */
  private product(x: Value, weight: Float32Array, bias: Float32Array): Value {
    const { graph } = this;
    const outputs = bias.length;
    const inputs = [
      x,
      graph.floats(weight, [outputs, weight.length / outputs]),
      graph.floats(bias, [outputs]),
    ];
    return graph.value('FULLY_CONNECTED', inputs, [x.shape[0]!, outputs]);
  }

  private layerNorm(x: Value, name: string, epsilon: number): Value {
    const { graph } = this;
    const [rows] = x.shape as [number];
    const centred = graph.value('SUB', [x, graph.mean(x, 1, [rows, 1])], x.shape);
    const squares = graph.value('MUL', [centred, centred], x.shape);
    const variance = graph.mean(squares, 1, [rows, 1]);
    const padded = this.rowwise('ADD', variance, Float32Array.of(epsilon));
    const inverse = graph.value('RSQRT', [padded], padded.shape);
    const normalised = graph.value('MUL', [centred, inverse], x.shape);
    const scaled = this.rowwise('MUL', normalised, this.data(`${name}.weight`));
    return this.rowwise('ADD', scaled, this.data(`${name}.bias`));
  }

  /** The same numbers for each row. */
  private rowwise(operator: 'ADD' | 'MUL', x: Value, data: Float32Array): Value {
    return this.graph.value(operator, [x, this.graph.floats(data, [1, data.length])], x.shape);
  }

  private data(name: string): Float32Array {
    return weightsOf(this.weights, name);
  }
}
