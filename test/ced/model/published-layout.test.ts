import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModelFolder } from '../../../cli/models/model-folder';
import { modelConfigSchema } from '../../../ced/model/config';
import { parameterSpecs } from '../../../ced/model/parameters';
import { openEngine } from '../../../ced/engine/engine';
import { Predictor } from '../../../ced/model/predictor';
import { encodeSafetensors } from '../../../ced/model/safetensors';
import type { Weights } from '../../../ced/model/weights';
import publishedClass from '../../reference/published-parameters.json';
import {
  referenceModel,
  referenceTensors,
  relativeError,
  tensorNamed,
} from '../parity/reference-vectors';

const { config, weights } = referenceModel();
const vectors = referenceTensors('forward');
const spectrogram = tensorNamed(vectors, 't501.spectrogram').data;
const expected = tensorNamed(vectors, 't501.logits').data;

/**
 * config.json as the repositories `mispeech/ced-*` have it, with the fields that other programs
 * write into it.
 */
const published = {
  ...config,
  architectures: ['CedForAudioClassification'],
  attn_drop_rate: 0.0,
  center: true,
  drop_path_rate: 0.0,
  drop_rate: 0.0,
  eval_avg: 'mean',
  f_max: 8000,
  f_min: 0,
  hop_size: 160,
  label2id: {},
  loss: 'BCE',
  model_type: 'ced',
  n_fft: 512,
  name: null,
  pad_last: true,
  qkv_bias: true,
  torch_dtype: 'float32',
  transformers_version: '4.35.2',
  win_size: 512,
};

/** The tensors' upper halves: bfloat16, rounded to even. */
function encodeBfloat16(tensors: Weights): Uint8Array {
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    const bits = new Uint32Array(data.slice().buffer);
    const part = Buffer.from(
      Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16).buffer,
    );
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, (offset += part.length)] };
    parts.push(part);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

describe('the tensors that we write', () => {
  it('have the names and shapes of the published class, which counts batches besides', () => {
    const { num_batches_tracked: _, ...shapes } = Object.fromEntries(
      Object.entries(publishedClass.parameters).map(([name, shape]) => [
        name.replace('encoder.init_bn.num_', 'num_'),
        shape,
      ]),
    );
    const ours = parameterSpecs(modelConfigSchema.parse(publishedClass.config)).map(
      ({ name, shape }) => [name, shape],
    );
    expect(Object.fromEntries(ours)).toEqual(shapes);
  });
});

describe('a folder in the layout of the published checkpoints', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ced-published-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const renamed = (rename: (name: string) => string): Weights =>
    new Map([...weights].map(([name, tensor]) => [rename(name), tensor]));
  async function errorOf(bytes: Uint8Array): Promise<number> {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.json'), JSON.stringify(published));
    writeFileSync(join(folder, 'model.safetensors'), bytes);
    const loaded = await readModelFolder(folder);
    const predictor = new Predictor(openEngine(), loaded.config, loaded.weights, {
      precision: 'float32',
    });
    const logits = predictor.logitsOfSpectrogram(spectrogram, 2, 501);
    predictor.dispose();
    return relativeError(logits, expected);
  }

  it.each<[string, Weights]>([
    ['their names', weights],
    ['names without the encoder prefix', renamed((name) => name.replace('encoder.', ''))],
    [
      'the names of the original .pt, whose init_bn is numbered',
      renamed((name) => name.replace('encoder.', '').replace('init_bn.', 'init_bn.1.')),
    ],
  ])('gives the reference logits with %s', async (_, tensors) => {
    expect(await errorOf(encodeSafetensors(tensors, 'F32', { format: 'pt' }))).toBeLessThan(1e-5);
  });

  // Weights keep eleven and eight bits; the logits of two blocks lose no more than two of them.
  it.each<[string, () => Uint8Array, number]>([
    ['float16', () => encodeSafetensors(weights, 'F16'), 2 ** -9],
    ['bfloat16', () => encodeBfloat16(weights), 2 ** -6],
  ])('gives them up to the rounding of %s weights', async (_, encode, unit) => {
    const error = await errorOf(encode());
    expect(error).toBeGreaterThan(1e-6);
    expect(error).toBeLessThan(unit);
  });

  it('with tensors that do not fit is refused once, and every one of them is named', async () => {
    const broken = new Map(weights);
    broken.delete('encoder.blocks.0.attn.qkv.weight');
    broken.set('encoder.ghost', { shape: [1], data: Float32Array.of(1) });
    broken.set('outputlayer.1.bias', { shape: [2], data: Float32Array.of(1, 2) });
    const message = await errorOf(encodeSafetensors(broken)).then(
      String,
      (error: Error) => error.message,
    );
    expect(message).toContain(`${folder}: these weights do not fit the model: `);
    for (const problem of [
      'encoder.ghost is unknown',
      'outputlayer.1.bias has shape [2], should have [13]',
      'encoder.blocks.0.attn.qkv.weight is missing',
    ])
      expect(message).toContain(problem);
  });
});
