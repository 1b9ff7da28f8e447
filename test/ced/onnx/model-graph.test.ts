/** @jest-environment ./test/support/one-realm-environment.cjs */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { decodeClip } from '../../../activities/ingest/decode-clip';
import { LogMel } from '../../../ced/audio/log-mel';
import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema, type ModelConfig } from '../../../ced/model/config';
import { initialWeights } from '../../../ced/model/initial-weights';
import { shortestClipSamples } from '../../../ced/model/pieces';
import { Predictor } from '../../../ced/model/predictor';
import type { Weights } from '../../../ced/model/weights';
import {
  longestPieceSamples,
  onnxModel,
  shortestSamples,
  type OnnxOptions,
} from '../../../ced/onnx/model-graph';
import { loadOnnxNet } from '../../../ced/teachers/onnx-net';
import { referenceModel } from '../parity/reference-vectors';

const engine = openEngine();
const reference = referenceModel();

async function onnx(
  config: ModelConfig,
  weights: Weights,
  pcm: Int16Array,
  batch = 1,
  options: OnnxOptions = { precision: 'float32' },
  outputName = 'probabilities',
): Promise<Float32Array> {
  const net = await loadOnnxNet(onnxModel(config, weights, options), 1, { outputName });
  try {
    return (
      await net.run(
        Float32Array.from(pcm, (sample) => sample / 32768),
        batch,
        pcm.length / batch,
      )
    ).values;
  } finally {
    net.dispose();
  }
}

function ours(
  config: ModelConfig,
  weights: Weights,
  pcm: Int16Array,
  batch = 1,
  scores: 'probabilities' | 'logits' = 'probabilities',
): Float32Array {
  const predictor = new Predictor(engine, config, weights, { precision: 'float32' });
  const values = predictor[scores]({ pcm, batch, samples: pcm.length / batch, masks: null });
  predictor.dispose();
  return values;
}

const worst = (a: Float32Array, b: Float32Array): number => {
  expect(a).toHaveLength(b.length);
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
};

const chirp = (samples: number, seed = 0): Int16Array =>
  Int16Array.from(
    { length: samples },
    (_, i) =>
      8000 * Math.sin(i * 0.02 * (1 + seed) + i * i * 3e-7) + (((i + seed) * 7919) % 601) - 300,
  );

const clip = (name: string): Promise<Int16Array> =>
  decodeClip(() => [readFileSync(join(__dirname, '../..', 'reference', name))], name);

describe('the ONNX file of a model', () => {
  const { config, weights } = reference;
  const longest = longestPieceSamples(config);

  it.each([shortestClipSamples(config), 5000, 15_999, 16_000, 16_001, 80_077, longest])(
    'gives the probabilities of our engine on %i samples',
    async (samples) => {
      const pcm = chirp(samples);
      expect(worst(await onnx(config, weights, pcm), ours(config, weights, pcm))).toBeLessThan(
        2e-5,
      );
    },
  );

  it.each(['clip0', 'clip1', 'clip2', 'clip3'])('gives them on the recording %s', async (name) => {
    const pcm = (await clip(`${name}.flac`)).slice(0, 160_000);
    expect(worst(await onnx(config, weights, pcm), ours(config, weights, pcm))).toBeLessThan(2e-5);
  });

  // Far below the peak, and where there is none, both sides show the rounding of their Fourier
  // transforms.
  it('gives them on silence and on noise of one bit', async () => {
    const faint = Int16Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 2);
    for (const pcm of [new Int16Array(20_000), faint])
      expect(worst(await onnx(config, weights, pcm), ours(config, weights, pcm))).toBeLessThan(
        1e-4,
      );
  });

  it('gives every clip of a batch what it gives the clip alone', async () => {
    const clips = [chirp(20_000, 1), chirp(20_000, 2), chirp(20_000, 3)];
    const together = await onnx(
      config,
      weights,
      Int16Array.from(clips.flatMap((pcm) => [...pcm])),
      3,
    );
    for (const [index, pcm] of clips.entries()) {
      const alone = await onnx(config, weights, pcm);
      expect(
        worst(together.slice(index * config.outputdim, (index + 1) * config.outputdim), alone),
      ).toBeLessThan(1e-6);
    }
  });

  it.each([longest + 1, 162_800, 330_000, 500_001])(
    'averages the pieces of %i samples, in a batch too, as our engine does',
    async (samples) => {
      const pcm = Int16Array.from([...chirp(samples, 1), ...chirp(samples, 2)]);
      expect(
        worst(await onnx(config, weights, pcm, 2), ours(config, weights, pcm, 2)),
      ).toBeLessThan(2e-5);
    },
  );

  it('refuses a clip shorter than it says', async () => {
    const shortest = shortestSamples(config);
    await expect(onnx(config, weights, chirp(shortest - 1))).rejects.toThrow(/Conv/);
    expect(await onnx(config, weights, chirp(shortest))).toHaveLength(config.outputdim);
  });

  it('gives an embedding from which its head alone makes the probabilities', async () => {
    const pcm = chirp(330_000).subarray(0, 100_000);
    const embedding = await onnx(config, weights, pcm, 1, { precision: 'float32' }, 'embedding');
    expect(embedding).toHaveLength(config.embed_dim);
    const data = (name: string): Float32Array => weights.get(`outputlayer.${name}`)!.data;
    const mean = embedding.reduce((sum, value) => sum + value) / embedding.length;
    const variance = embedding.reduce((sum, x) => sum + (x - mean) ** 2, 0) / embedding.length;
    const normal = embedding.map(
      (x, at) =>
        ((x - mean) / Math.sqrt(variance + 1e-5)) * data('0.weight')[at]! + data('0.bias')[at]!,
    );
    const width = config.embed_dim;
    const head = Float32Array.from({ length: config.outputdim }, (_, row) => {
      const weight = data('1.weight').subarray(row * width, (row + 1) * width);
      const logit = weight.reduce((sum, w, at) => sum + w * normal[at]!, data('1.bias')[row]!);
      return 1 / (1 + Math.exp(-logit));
    });
    expect(worst(head, ours(config, weights, pcm))).toBeLessThan(2e-5);
  });

  it('says in its text what it takes and gives, and lists that as metadata', () => {
    const text = Buffer.from(onnxModel(config, weights, { precision: 'float32' })).toString(
      'latin1',
    );
    expect(text).toMatch(/Input waveform float32 \[batch, samples\]: mono audio at 16 kHz/);
    expect(text).toMatch(/Output probabilities float32 \[batch, \d+\]/);
    expect(text).toMatch(/Output embedding float32 \[batch, \d+\]/);
    expect(text).toMatch(/longer than 10\.11 s is predicted in pieces/);
    expect(text).toContain('shortestSamples');
  });

  it('takes features in place of a waveform, mels first, as sherpa-onnx gives them', async () => {
    const pcm = chirp(330_000);
    const spectrogram = new LogMel(engine, config.n_mels).compute(pcm, 1, pcm.length);
    const file = onnxModel(config, weights, { precision: 'float32', form: 'features' });
    const session = await InferenceSession.create(file);
    expect([session.inputNames, session.outputNames]).toEqual([['features'], ['probabilities']]);
    const features = new OrtTensor('float32', spectrogram, [1, config.n_mels, 2063]);
    const { probabilities } = await session.run({ features });
    expect(worst(probabilities!.data as Float32Array, ours(config, weights, pcm))).toBeLessThan(
      2e-5,
    );
    await session.release();
  });

  it('lists thresholds as metadata where there are some', () => {
    const text = (thresholds: (number | null)[] | null): string =>
      Buffer.from(onnxModel(config, weights, { precision: 'float32', thresholds })).toString(
        'latin1',
      );
    expect(text([0.25, null])).toContain('[0.25,null]');
    expect(text(null)).not.toContain('thresholds');
  });

  it('is the same bytes for the same weights', () => {
    expect(
      Buffer.compare(
        onnxModel(config, weights, { precision: 'float32' }),
        onnxModel(config, weights, { precision: 'float32' }),
      ),
    ).toBe(0);
  });

  describe.each(['mean', 'logit', 'token', 'dm'] as const)('pooling by %s', (pooling) => {
    const small = modelConfigSchema.parse({
      embed_dim: 32,
      depth: 2,
      num_heads: 4,
      outputdim: 6,
      target_length: 112,
      pooling,
    });
    const moved = new Map(
      [...initialWeights(small, 3)].map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map((value, i) => value + 0.05 * Math.sin(i)) },
      ]),
    );

    it.each([12_000, 45_000])('gives probabilities and logits of %i samples', async (samples) => {
      const pcm = chirp(samples);
      expect(worst(await onnx(small, moved, pcm), ours(small, moved, pcm))).toBeLessThan(1e-5);
      const logits = { precision: 'float32', form: 'logits' } as const;
      expect(
        worst(
          await onnx(small, moved, pcm, 1, logits, 'logits'),
          ours(small, moved, pcm, 1, 'logits'),
        ),
      ).toBeLessThan(1e-4);
    });
  });
});

describe('its int8 version', () => {
  const { config, weights } = reference;

  it('has a byte for a weight of the blocks, and probabilities near those of float32', async () => {
    const [float32, int8] = (['float32', 'int8'] as const).map(
      (precision) => onnxModel(config, weights, { precision }).length,
    ) as [number, number];
    const products = [...weights]
      .filter(([name]) => /blocks\..*\.(qkv|proj|fc1|fc2)\.weight/.test(name))
      .reduce((sum, [, { data }]) => sum + data.length, 0);
    expect(float32 - int8).toBeGreaterThan(2.8 * products);
    const pcm = chirp(80_000);
    const difference = worst(
      await onnx(config, weights, pcm, 1, { precision: 'int8' }),
      await onnx(config, weights, pcm),
    );
    expect(difference).toBeGreaterThan(1e-6); // it does round
    expect(difference).toBeLessThan(0.02);
  });
});
