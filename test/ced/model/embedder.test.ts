/** @jest-environment ./test/support/one-realm-environment.cjs */
import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema, type ModelConfig } from '../../../ced/model/config';
import { Embedder } from '../../../ced/model/embedder';
import { initialWeights } from '../../../ced/model/initial-weights';
import { Predictor } from '../../../ced/model/predictor';
import type { Weights } from '../../../ced/model/weights';
import { onnxModel } from '../../../ced/onnx/model-graph';
import { loadOnnxNet } from '../../../ced/teachers/onnx-net';
import { referenceModel } from '../parity/reference-vectors';
import { sweep } from '../../support/tagged-model';

const engine = openEngine();
const reference = referenceModel();
const pcm = Int16Array.from(sweep(2));

function embedded(config: ModelConfig, weights: Weights, clips: Int16Array, batch = 1) {
  const embedder = new Embedder(engine, config, weights);
  const vectors = embedder.embeddings(clips, batch);
  embedder.dispose();
  return vectors;
}
const near = (values: Iterable<number>, digits: number): unknown[] =>
  [...values].map((value): unknown => expect.closeTo(value, digits));

/** Layer norm and linear layer over one vector: what the head does behind the embedding. */
function classified(vector: Float32Array, weights: Weights): number[] {
  const of = (name: string): Float32Array => weights.get(`outputlayer.${name}`)!.data;
  const mean = vector.reduce((sum, value) => sum + value, 0) / vector.length;
  const variance = vector.reduce((sum, value) => sum + (value - mean) ** 2, 0) / vector.length;
  const normal = Array.from(
    vector,
    (value, at) =>
      ((value - mean) / Math.sqrt(variance + 1e-5)) * of('0.weight')[at]! + of('0.bias')[at]!,
  );
  return Array.from(of('1.bias'), (bias, row) =>
    normal.reduce(
      (sum, value, at) => sum + value * of('1.weight')[row * normal.length + at]!,
      bias,
    ),
  );
}

describe('the embedding of a clip', () => {
  it.each(['mean', 'logit', 'token'] as const)(
    'is what the head makes the logits of: pooling %s',
    (pooling) => {
      const shape = { embed_dim: 32, depth: 1, num_heads: 2, outputdim: 3, pooling };
      const [config, weights] =
        pooling === 'token'
          ? [modelConfigSchema.parse(shape), initialWeights(modelConfigSchema.parse(shape), 1)]
          : [{ ...reference.config, pooling }, reference.weights];
      expectLogits(config, weights);
    },
  );

  function expectLogits(config: ModelConfig, weights: Weights): void {
    const predictor = new Predictor(engine, config, weights, { precision: 'float32' });
    const logits = predictor.logits({ pcm, batch: 1, samples: pcm.length, masks: null });
    predictor.dispose();
    const vector = embedded(config, weights, pcm);
    expect(vector).toHaveLength(config.embed_dim);
    expect(classified(vector, weights)).toEqual(near(logits, 4));
  }

  it.each([
    ['one piece', reference.config, pcm],
    ['pooling dm', { ...reference.config, pooling: 'dm' as const }, pcm],
    ['several pieces', { ...reference.config, target_length: 96 }, Int16Array.from(sweep(2.6))],
  ])('is the output `embedding` of the ONNX file: %s', async (_, config, clip) => {
    const file = onnxModel(config, shortened(config), { precision: 'float32' });
    const net = await loadOnnxNet(file, 1, { outputName: 'embedding' });
    const floats = Float32Array.from(clip, (sample) => sample / 32768);
    const { values } = await net.run(floats, 1, clip.length);
    net.dispose();
    expect([...embedded(config, shortened(config), clip)]).toEqual(near(values, 3));
  });

  /** The reference weights have positions for its own target length. */
  function shortened(config: ModelConfig): Weights {
    return config.target_length === reference.config.target_length
      ? reference.weights
      : initialWeights(config, 1);
  }

  it('does not depend on the other clips of its batch', () => {
    const { config, weights } = reference;
    const other = Int16Array.from(pcm).reverse();
    const both = Int16Array.from([...other, ...pcm]);
    const alone = embedded(config, weights, pcm);
    expect([...embedded(config, weights, both, 2).subarray(config.embed_dim)]).toEqual(
      near(alone, 4),
    );
  });

  it('is of at least one patch', () => {
    const { config, weights } = reference;
    expect(() => embedded(config, weights, new Int16Array(1600))).toThrow(RangeError);
  });
});
