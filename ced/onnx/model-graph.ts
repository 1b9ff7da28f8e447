/**
 * CED in evaluation mode as an ONNX file: waveform in, probabilities out, the numbers of
 * `model/predictor.ts`. Batch and length are free, up to the model's target length: a longer clip
 * has more patches than positions, onnxruntime refuses it, and its pieces are for the caller to cut
 * and average.
 */
import type { ModelConfig } from '../model/config';
import { patchGrid } from '../model/parameters';
import type { Weights } from '../model/weights';
import { logMelGraph } from './front-end-graph';
import { linearFloat32, linearInt8, type LinearGraph } from './linear-graph';
import { OnnxGraph, type Value } from './onnx-graph';

export interface OnnxOptions {
  /** `int8`: the products of the blocks, which are nearly all of a model, in 8 bits. */
  readonly precision: 'float32' | 'int8';
}

/**
 * @returns the file: input `waveform` float32 [batch, samples] in [−1, 1) at 16 kHz, output
 *   `probabilities` float32 [batch, classes]
 */
export function onnxModel(
  config: ModelConfig,
  weights: Weights,
  { precision }: OnnxOptions,
): Uint8Array {
  const graph = new OnnxGraph();
  const model = new ModelGraph(
    graph,
    config,
    weights,
    precision === 'int8' ? linearInt8 : linearFloat32,
  );
  const probabilities = model.probabilities(logMelGraph(graph, 'waveform', config.n_mels));
  return graph.finish(
    { name: 'waveform', shape: ['batch', 'samples'] },
    { name: 'probabilities', shape: ['batch', config.outputdim], from: probabilities },
    {
      sampleRate: '16000',
      longestSamples: String(longestSamples(config)),
      precision,
      ...(config.id2label
        ? {
            labels: JSON.stringify(
              Array.from({ length: config.outputdim }, (_, index) => config.id2label?.[index]),
            ),
          }
        : {}),
    },
  );
}

/**
 * Samples of the longest clip the file takes: one more would be a patch more than there are
 * positions.
 */
export function longestSamples(config: ModelConfig): number {
  const { time } = patchGrid(config);
  return ((time + 1) * config.patch_size - 1) * 160 - 1;
}

class ModelGraph {
  constructor(
    private readonly graph: OnnxGraph,
    private readonly config: ModelConfig,
    private readonly weights: Weights,
    private readonly blockLinear: LinearGraph,
  ) {}

  /** `spectrogram` in dB, [batch, frames, mels] */
  probabilities(spectrogram: Value): Value {
    let x = this.tokens(this.normalised(spectrogram));
    for (let block = 0; block < this.config.depth; block++)
      x = this.block(x, `encoder.blocks.${block}`);
    return this.head(this.layerNorm(x, 'encoder.norm', 1e-6));
  }

  /** `init_bn` with its running statistics, as one gain and one shift a mel bin. */
  private normalised(spectrogram: Value): Value {
    const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
      (name) => this.data(`encoder.init_bn.${name}`),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const gain = weight.map((value, mel) => value / Math.sqrt(variance[mel]! + 1e-5));
    const shift = bias.map((value, mel) => value - mean[mel]! * gain[mel]!);
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
    const published = this.data('encoder.patch_embed.proj.weight'); // [width, 1, frequency, time]
    const kernel = new Float32Array(published.length);
    published.forEach((value, index) => {
      const [channel, frequency, time] = [
        Math.floor(index / patch ** 2),
        Math.floor(index / patch) % patch,
        index % patch,
      ];
      kernel[(channel * patch + time) * patch + frequency] = value;
    });
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
    const count = this.extent(patches, 1);
    const positions = graph.value('Slice', [
      this.positions(),
      graph.integers(0),
      count,
      graph.integers(0),
    ]);
    const placed = graph.value('Add', [patches, positions]);
    if (this.config.pooling !== 'token') return placed;
    const position = this.data('encoder.token_pos_embed');
    const token = graph.floats(
      this.data('encoder.cls_token').map((value, index) => value + position[index]!),
      [1, 1, width],
    );
    const shape = graph.value('Concat', [this.extent(patches, 0), graph.integers(1, width)], {
      axis: 0,
    });
    return graph.value('Concat', [graph.value('Expand', [token, shape]), placed], { axis: 1 });
  }

  /** [time · frequency, width] */
  private positions(): Value {
    const { embed_dim: width } = this.config;
    const { time, frequency } = patchGrid(this.config);
    const [inTime, inFrequency] = [
      this.data('encoder.time_pos_embed'),
      this.data('encoder.freq_pos_embed'),
    ];
    const table = Float32Array.from({ length: time * frequency * width }, (_, index) => {
      const [place, channel] = [Math.floor(index / width), index % width];
      return (
        inTime[channel * time + Math.floor(place / frequency)]! +
        inFrequency[channel * frequency + (place % frequency)]!
      );
    });
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

  private head(tokens: Value): Value {
    const { graph } = this;
    const { embed_dim: width, pooling } = this.config;
    const classify = (pooled: Value): Value => {
      const weights = {
        weight: this.data('outputlayer.1.weight'),
        bias: this.data('outputlayer.1.bias'),
      };
      return graph.value('Sigmoid', [
        linearFloat32(graph, this.layerNorm(pooled, 'outputlayer.0', 1e-5), weights),
      ]);
    };
    const mean = (x: Value, axis: number): Value =>
      graph.value('ReduceMean', [x], { axes: [axis], keepdims: 0 });
    switch (pooling) {
      case 'mean':
      case 'logit':
        return classify(mean(tokens, 1));
      case 'token': {
        const first = graph.value('Slice', [
          tokens,
          graph.integers(0),
          graph.integers(1),
          graph.integers(1),
        ]);
        return classify(graph.value('Reshape', [first, graph.integers(0, width)]));
      }
      case 'dm': {
        const moments = graph.value('Reshape', [
          tokens,
          graph.integers(0, -1, patchGrid(this.config).frequency, width),
        ]);
        return mean(classify(mean(moments, 2)), 1);
      }
    }
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

  /** One extent, as a list of one number. */
  private extent(x: Value, axis: number): Value {
    return this.graph.value('Gather', [this.graph.value('Shape', [x]), this.graph.integers(axis)]);
  }

  private data(name: string): Float32Array {
    const tensor = this.weights.get(name);
    if (tensor === undefined) throw new Error(`the weights lack ${name}`);
    return tensor.data;
  }
}
