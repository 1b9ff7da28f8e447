/** @jest-environment ./test/support/one-realm-environment.cjs */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeClip } from '../../../activities/ingest/decode-clip';
import { openEngine } from '../../../ced/engine/engine';
import { modelConfigSchema, type ModelConfig } from '../../../ced/model/config';
import { Embedder } from '../../../ced/model/embedder';
import { initialWeights } from '../../../ced/model/initial-weights';
import { Predictor } from '../../../ced/model/predictor';
import type { Weights } from '../../../ced/model/weights';
import { tfliteModel } from '../../../ced/tflite/model-graph';
import { pythonWithLiteRt } from '../../../infra/toolchain';
import { referenceModel } from '../parity/reference-vectors';

/** What LiteRT gives for pairs of model and clip. */
const script = `
import json, sys, numpy
from ai_edge_litert.interpreter import Interpreter
for model, clip in json.load(sys.stdin):
    runner = Interpreter(model_path=model, num_threads=1).get_signature_runner()
    outputs = runner(waveform=numpy.fromfile(clip, numpy.float32).reshape(1, -1))
    print(json.dumps({name: value[0].tolist() for name, value in outputs.items()}))
`;

interface Outputs {
  probabilities: number[];
  embedding: number[];
}
interface Given {
  config: ModelConfig;
  weights: Weights;
  pcm: Int16Array;
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a).toHaveLength(b.length);
  return Math.max(...Array.from(a, (value, index) => Math.abs(value - b[index]!)));
};

describe('the LiteRT file of a model', () => {
  const reference = referenceModel();
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ced-tflite-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const inLiteRt = (given: readonly Given[]): Outputs[] => {
    const pairs = given.map(({ config, weights, pcm }, at) => {
      const [model, clip] = [join(folder, `${at}.tflite`), join(folder, `${at}.f32`)];
      writeFileSync(model, tfliteModel(config, weights, pcm.length));
      writeFileSync(
        clip,
        Float32Array.from(pcm, (sample) => sample / 32_768),
      );
      return [model, clip];
    });
    const lines = execFileSync(pythonWithLiteRt(), ['-c', script], {
      input: JSON.stringify(pairs),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    return lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Outputs);
  };

  const ours = ({ config, weights, pcm }: Given): Outputs => {
    const engine = openEngine();
    const predictor = new Predictor(engine, config, weights, { precision: 'float32' });
    const embedder = new Embedder(engine, config, weights);
    const [batch, samples] = [1, pcm.length];
    const probabilities = predictor.probabilities({ pcm, batch, samples, masks: null });
    const embedding = embedder.embeddings(pcm, batch);
    predictor.dispose();
    embedder.dispose();
    return { probabilities: [...probabilities], embedding: [...embedding] };
  };

  const expectEqual = (given: readonly Given[]): void => {
    const outputs = inLiteRt(given);
    expect(outputs).toHaveLength(given.length);
    for (const [at, each] of given.entries()) {
      const expected = ours(each);
      expect(worst(outputs[at]!.probabilities, expected.probabilities)).toBeLessThan(1e-4);
      expect(worst(outputs[at]!.embedding, expected.embedding)).toBeLessThan(1e-3);
    }
  };

  it('gives our numbers for recordings, a window long', async () => {
    const clips = ['clip0', 'clip1', 'clip2', 'clip3'].map(async (name) => {
      const file = join(__dirname, '../..', 'reference', `${name}.flac`);
      const pcm = await decodeClip(() => [readFileSync(file)], file);
      return { ...reference, pcm: pcm.slice(0, 160_000) };
    });
    expectEqual(await Promise.all(clips));
  });

  it('gives them for every pooling, other sizes and lengths that fill no patch', () => {
    const shapes = [
      { pooling: 'mean', outputdim: 5 },
      { pooling: 'logit', outputdim: 5 },
      { pooling: 'token', outputdim: 5 },
      { pooling: 'dm', outputdim: 5, n_mels: 128, target_length: 400 },
    ];
    const given = shapes.map((shape, at) => {
      const config = modelConfigSchema.parse({ embed_dim: 48, depth: 2, num_heads: 3, ...shape });
      const weights = new Map(
        [...initialWeights(config, 5)].map(([name, { shape: extents, data }]) => [
          name,
          { shape: extents, data: data.map((value, index) => value + 0.05 * Math.sin(index ** 2)) },
        ]),
      );
      const pcm = Int16Array.from({ length: 16_000 + 3333 * at }, (_, i) =>
        Math.round(8000 * Math.sin(i * 0.02 * (1 + at) + i * i * 3e-7) + ((i * 7919) % 601) - 300),
      );
      return { config, weights, pcm };
    });
    expectEqual(given);
  });

  it('is the same bytes again', () => {
    const { config, weights } = reference;
    const [first, second] = [0, 1].map(() => Buffer.from(tfliteModel(config, weights, 20_000)));
    expect(first!.equals(second!)).toBe(true);
    expect(first!.subarray(4, 8).toString()).toBe('TFL3');
  });
});
