/** @jest-environment ./test/support/one-realm-environment.cjs */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { LabelsFile } from '../../cli/models/exports/labels-file';
import { sherpaFiles } from '../../cli/models/exports/sherpa-export';
import { describeFailure } from '../../cli/failure';
import { ced } from '../../cli/main';
import { readModelFolder } from '../../cli/models/model-folder';
import { modelConfigSchema } from '../../ced/model/config';
import { fitThresholds } from '../../ced/metrics/thresholds';
import { catchOutput, type CaughtOutput } from '../support/caught-output';
import { documentedOutput } from '../support/documented-output';
import { writeReferenceModel } from '../support/tagged-model';

const NAMES = Array.from({ length: 13 }, (_, at) => (at === 2 ? 'dog, "barking"' : `sound ${at}`));

/** Files of the folder, with what they hold as text. */
const content = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');

describe('folders that ced export writes', () => {
  let model: string;
  let out: string;
  let printed: CaughtOutput;

  beforeAll(() => {
    model = mkdtempSync(join(tmpdir(), 'ced-export-model-'));
    writeReferenceModel(model, (at) => NAMES[at]!);
  });
  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), 'ced-export-folder-'));
    printed = catchOutput('stdout');
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(out, { recursive: true });
    rmSync(join(model, 'thresholds.json'), { force: true });
  });
  afterAll(() => rmSync(model, { recursive: true }));

  const run = async (format: string): Promise<{ name: string; bytes: number }[]> => {
    expect(await ced(['export', '--model', model, '--to', format, '--out', out, '--json'])).toBe(0);
    const { folder, files } = documentedOutput<{
      folder: string;
      files: { name: string; bytes: number }[];
    }>('export', printed.text);
    expect(folder).toBe(out);
    for (const { name, bytes } of files) expect(readFileSync(join(out, name))).toHaveLength(bytes);
    return files;
  };

  it('are one for transformers, a CED checkpoint still, that both libraries know', async () => {
    const files = await run('transformers');
    expect(files.map(({ name }) => name).sort()).toEqual([
      'README.md',
      'config.json',
      'labels.json',
      'model.safetensors',
      'modeling_ced.py',
      'onnx/model.onnx',
      'onnx/model_quantized.onnx',
      'preprocessor_config.json',
    ]);
    const config: unknown = JSON.parse(content(out, 'config.json'));
    expect(config).toMatchObject({
      model_type: 'wav2vec2',
      problem_type: 'multi_label_classification',
      auto_map: { AutoModelForAudioClassification: 'modeling_ced.CedForAudioClassification' },
      id2label: { 2: 'dog, "barking"' },
      label2id: { 'dog, "barking"': 2 },
    });
    expect(JSON.parse(content(out, 'preprocessor_config.json'))).toMatchObject({
      feature_extractor_type: 'Wav2Vec2FeatureExtractor',
      do_normalize: false,
      sampling_rate: 16_000,
    });
    const [exported, original] = [await readModelFolder(out), await readModelFolder(model)];
    expect([...exported.weights]).toEqual([...original.weights]);
    expect(content(out, 'README.md')).toMatch(/logits\.sigmoid\(\)/);
    const { error, status } = spawnSync('python3', [
      '-c',
      `import ast; ast.parse(open(${JSON.stringify(join(out, 'modeling_ced.py'))}).read())`,
    ]);
    expect([error, status]).toEqual([undefined, 0]);
  });

  it.each(['onnx/model.onnx', 'onnx/model_quantized.onnx'])(
    'give log-odds of input_values in %s',
    async (name) => {
      await run('transformers');
      const session = await InferenceSession.create(join(out, name));
      const audio = Float32Array.from({ length: 32_000 }, (_, at) => Math.sin(at * 0.03) / 3);
      const outputs = await session.run({
        input_values: new Tensor('float32', audio, [2, 16_000]),
      });
      expect(Object.keys(outputs)).toEqual(['logits']);
      expect(outputs['logits']!.dims).toEqual([2, 13]);
      await session.release();
    },
  );

  it('are one for sherpa-onnx, with a quoted name for each class', async () => {
    const files = await run('sherpa');
    expect(files.map(({ name }) => name)).toEqual([
      'model.onnx',
      'model.int8.onnx',
      'class_labels_indices.csv',
      'labels.json',
      'README.md',
    ]);
    const [header, ...rows] = content(out, 'class_labels_indices.csv').trimEnd().split('\n');
    expect(header).toBe('index,mid,display_name');
    expect(rows).toEqual(NAMES.map((name, at) => `${at},,"${name}"`));
    const session = await InferenceSession.create(join(out, 'model.int8.onnx'));
    const features = new Tensor('float32', new Float32Array(64 * 100).fill(-30), [1, 64, 100]);
    const outputs = await session.run({ features });
    expect(Object.values(outputs).map(({ dims }) => dims)).toEqual([[1, 13]]);
    await session.release();
  });

  it("have the model's thresholds among their labels", async () => {
    const vocabulary = NAMES.map((name) => ({ mid: '', name }));
    const scores = Float32Array.from({ length: 4 * 13 }, (_, at) =>
      at % 13 === 1 ? at / 60 : 0.1,
    );
    const labels = Uint8Array.from(scores, (score) => (score > 0.4 ? 1 : 0));
    const thresholds = fitThresholds(scores, labels, vocabulary);
    writeFileSync(join(model, 'thresholds.json'), JSON.stringify(thresholds));
    await run('sherpa');
    const { classes } = JSON.parse(content(out, 'labels.json')) as LabelsFile;
    const expected = thresholds.classes[1]!.bestF1!.threshold;
    expect(classes[1]).toEqual({ name: 'sound 1', threshold: expected });
    expect(expected).toBeGreaterThan(0);
  });

  it('refuse options of the single file', async () => {
    const complaint = async (...argv: string[]): Promise<string> =>
      await ced(['export', '--model', model, '--out', out, ...argv]).then(
        () => 'none',
        describeFailure,
      );
    expect(await complaint('--to', 'sherpa', '--int8')).toBe(
      '--int8: --to sherpa writes a file in 8 bits always',
    );
    expect(await complaint('--to', 'transformers', '--eval', 'x.csv')).toBe(
      '--eval: goes with --to onnx, not transformers',
    );
  });

  it('are refused for sherpa-onnx where the model takes other mels than it computes', () => {
    const config = modelConfigSchema.parse({
      ...{ embed_dim: 8, depth: 1, num_heads: 1, outputdim: 2, n_mels: 128 },
    });
    expect(() => sherpaFiles({ config, weights: new Map(), thresholds: null })).toThrow(
      'the model takes 128 mels, sherpa-onnx computes 64',
    );
  });
});
