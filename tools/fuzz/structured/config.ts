/** config.json files that lie beside good weights, imported as a checkpoint of a run is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, type StructuredFormat } from './forgery';
import { importedModel, smallVocabulary } from './imported-model';
import { choice, real, whole, withJsonLies, type FieldRule } from './json-lies';
import { sorted } from './run-file';

/** Every field that has a default is given. */
const CONFIG = {
  embed_dim: 48,
  depth: 3,
  num_heads: 3,
  outputdim: 13,
  n_mels: 64,
  patch_size: 16,
  patch_stride: 16,
  mlp_ratio: 4,
  target_length: 1012,
  pooling: 'logit',
  id2label: Object.fromEntries(smallVocabulary.map((name, index) => [String(index), name])),
  qkv_bias: true,
  n_fft: 512,
  win_size: 512,
  hop_size: 160,
  f_min: 0,
  f_max: 8000,
  center: true,
};

/** What the weights settle may only be repeated. */
const fixed = (field: keyof typeof CONFIG, bad: readonly string[]): FieldRule => ({
  path: [field],
  good: [JSON.stringify(CONFIG[field])],
  bad: ['0', '-1', '1e9', '1e400', 'null', '"x"', '[]', '{}', ...bad],
});

const RULES: readonly FieldRule[] = [
  fixed('embed_dim', ['4097', '1099511627776', '49', '24', '48.5']),
  fixed('depth', ['2', '4', '129', '2147483648']),
  fixed('outputdim', ['12', '14', '65537', '9007199254740993']),
  fixed('n_mels', ['32', '80', '1025']),
  fixed('patch_size', ['8', '32', '1e-9']),
  fixed('patch_stride', ['8', '17']),
  fixed('mlp_ratio', ['3', '17', '4.001']),
  fixed('n_fft', ['1024']),
  fixed('win_size', ['400']),
  fixed('hop_size', ['161']),
  { ...whole(['num_heads'], 1, 48), bad: ['0', '-3', '5', '129', '1e9', '1.5', 'null', '"3"'] },
  { ...real(['f_min'], 0, 0), good: ['0', '-0'], bad: ['1', '-1', 'null', '"0"'] },
  { path: ['f_max'], good: ['8000', 'null'], bad: ['7999', '0', '-1', '"8000"', '1e400'] },
  // Other lengths cut or stretch the positions; beyond the limit they are refused.
  { path: ['target_length'], good: ['1012', '1008'], bad: ['0', '15', '65537', '1e12', 'null'] },
  choice(['pooling'], 'logit', 'mean'),
  { path: ['qkv_bias'], good: ['true'], bad: ['false', 'null', '1', '"true"'] },
  { path: ['center'], good: ['true'], bad: ['false', 'null', '1'] },
  {
    path: ['id2label'],
    good: ['null'],
    bad: ['[]', '{"0":"a"}', '"x"', '5', '{"0":5}', JSON.stringify({ 0: 'x'.repeat(513) })],
  },
  { path: ['id2label', '3'], good: [], bad: ['null', '5', '""', '{}', '"nobody"'] },
];

export function configFormat(root: string): StructuredFormat {
  const weights = readFileSync(join(root, 'test/reference/model.safetensors'));
  return {
    good: {
      bytes: Buffer.from(JSON.stringify(CONFIG)),
      lies: [],
      readings: [digestOf(sorted(CONFIG))],
    },
    forge: async (draws) => {
      const { text, value, told } = withJsonLies(CONFIG, RULES, draws);
      const readings = value === undefined ? null : value === null ? [] : [digestOf(sorted(value))];
      return await Promise.resolve({ bytes: Buffer.from(text), lies: told, readings });
    },
    read: async (bytes, name) => {
      const { config } = await importedModel(
        { 'config.json': bytes, 'model.safetensors': weights },
        name,
      );
      return digestOf(sorted(config));
    },
  };
}
