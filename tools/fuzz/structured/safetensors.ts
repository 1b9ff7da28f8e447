/**
 * Safetensors files whose header lies, imported as a checkpoint is. What the header then says is
 * read here once more, tensor by tensor.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Draws } from '../draws';
import { digestOf, type Forgery, type StructuredFormat } from './forgery';
import { importedModel } from './imported-model';

interface Entry {
  dtype: unknown;
  shape: unknown;
  data_offsets: unknown;
}

export function safetensorsFormat(root: string): StructuredFormat {
  const file = (name: string): Buffer => readFileSync(join(root, 'test/reference', name));
  const [weights, config] = [file('model.safetensors'), file('model.config.json')];
  return {
    good: { bytes: weights, lies: [], readings: readingsOf(weights) },
    forge: async (draws) => await Promise.resolve(forge(weights, draws)),
    read: async (bytes, name) => {
      const model = await importedModel(
        { 'config.json': config, 'model.safetensors': bytes },
        name,
      );
      return digestOf(
        [...model.weights].map(([tensor, { data }]) => [tensor, digestOf(data)]).sort(),
      );
    },
  };
}

const COUNTS = [0, -1, 1, 2, 0.5, null, '48', 2 ** 31, 2 ** 32, 2 ** 53, 1e300, [1]];
const TYPES = ['F16', 'F64', 'I32', 'BF16', 'BOOL', 'U64', 'f32', '', null, 5, 'F32 '];

type Tell = (header: Record<string, Entry>, name: string, other: string, draws: Draws) => unknown;
const LIES: Readonly<Record<string, Tell>> = {
  dtype: (header, name, _, draws) => (header[name]!.dtype = draws.pick(TYPES)),
  extent: (header, name, _, draws) => {
    const shape = [...(header[name]!.shape as unknown[])];
    shape[draws.below(shape.length)] = draws.pick(COUNTS);
    return (header[name]!.shape = shape);
  },
  shape: (header, name, _, draws) =>
    (header[name]!.shape = draws.pick([[], null, 'x', {}, new Array(100_000).fill(1), [[48]]])),
  offsets: (header, name, _, draws) => {
    const [begin, end] = header[name]!.data_offsets as [number, number];
    return (header[name]!.data_offsets = draws.pick<unknown>([
      [end, begin],
      [begin, end + 4],
      [begin + 4, end + 4],
      [begin - 4, end - 4],
      [begin + 0.5, end + 0.5],
      [begin, 2 ** 53],
      [-4, end],
      [begin],
      [begin, end, end],
      null,
      [String(begin), String(end)],
    ]));
  },
  'both offsets': (header, name, other) =>
    (header[name]!.data_offsets = header[other]!.data_offsets),
  exchange: (header, name, other) => {
    [header[name], header[other]] = [header[other]!, header[name]!];
    return other;
  },
  missing: (header, name) => delete header[name],
  renamed: (header, name, other, draws) => {
    const called = draws.pick([
      `${name}x`,
      `encoder.${other}`,
      other.replace(/^encoder\./, ''),
      '__proto__',
      'constructor',
      'x'.repeat(100_000),
      '__metadata__',
    ]);
    const entry = header[name]!;
    delete header[name];
    const own = { value: entry, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(header, called, own);
    return called.slice(0, 40);
  },
  entry: (header, name, _, draws) =>
    (header[name] = draws.pick([null, [], 'x', 5, {}] as unknown as Entry[])),
};

function forge(weights: Buffer, draws: Draws): Forgery {
  const length = Number(weights.readBigUInt64LE());
  const header = headerOf(weights.toString('utf8', 8, 8 + length));
  const lies: string[] = [];
  for (let count = draws.pick([0, 1, 1, 1, 2, 3]); count > 0; count--) {
    const names = Object.keys(header).filter(
      (name) => Array.isArray(header[name]?.shape) && Array.isArray(header[name].data_offsets),
    );
    const [name, other] = [draws.pick(names), draws.pick(names)];
    const lie = draws.pick(Object.keys(LIES));
    const told = LIES[lie]!(header, name, other, draws);
    lies.push(`${lie} of ${name}: ${JSON.stringify(told)?.slice(0, 60)}`);
  }
  let text = JSON.stringify(header);
  if (lies.length === 0 || draws.below(8) === 0) {
    const { what, change } = draws.pick(BREAKS);
    text = change(text);
    lies.push(what);
  }
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  let bytes = Buffer.concat([size, json, weights.subarray(8 + length)]);
  if (draws.below(6) === 0) {
    const sizes = [
      0n,
      1n,
      BigInt(json.length) - 8n,
      BigInt(json.length) + 8n,
      2n ** 63n,
      2n ** 53n,
    ];
    const value = draws.pick(sizes);
    bytes.writeBigUInt64LE(value);
    lies.push(`length of the header ${value}`);
  } else if (draws.below(6) === 0) {
    const end = draws.pick([4, 8, 8 + json.length, bytes.length - 4, bytes.length + 4]);
    lies.push(`${end} of ${bytes.length} bytes`);
    bytes = Buffer.concat([bytes, Buffer.alloc(4)]).subarray(0, end);
  }
  return { bytes, lies, readings: readingsOf(bytes) };
}

const BREAKS: readonly { what: string; change: (text: string) => string }[] = [
  { what: 'a name twice', change: (text) => text.replace(/^\{("[^"]+":\{[^}]*\})/, '{$1,$1') },
  { what: 'a list', change: (text) => `[${text}]` },
  { what: 'metadata of numbers', change: (text) => text.replace('{', '{"__metadata__":{"a":1},') },
  { what: 'metadata of text', change: (text) => text.replace('{', '{"__metadata__":{"a":"b"},') },
  { what: 'names in another order', change: reordered },
  { what: 'spaces', change: (text) => `${text}${' '.repeat(4096)}` },
  { what: 'text cut short', change: (text) => text.slice(0, -2) },
  { what: 'deep text', change: (text) => `${'['.repeat(50_000)}${text}` },
];

function reordered(text: string): string {
  return JSON.stringify(Object.fromEntries(Object.entries(headerOf(text)).reverse()));
}

/**
 * What the header says, where tensors cover all bytes once and have float32 numbers; else nothing.
 * The shapes are held against the model's by its reader.
 */
function readingsOf(bytes: Buffer): string[] {
  try {
    const length = Number(bytes.readBigUInt64LE());
    const text = bytes.toString('utf8', 8, 8 + length);
    const header = headerOf(text);
    const body = bytes.subarray(8 + length);
    if (text.split('"data_offsets"').length - 1 !== tensorsOf(header).length) return [];
    let covered = 0;
    const found = tensorsOf(header)
      .map(([name, { dtype, data_offsets: offsets }]) => {
        const [begin, end] = offsets as [number, number];
        covered += end - begin;
        if (name.endsWith('num_batches_tracked')) return [name, ''] as const;
        const isFloat = dtype === 'F32';
        if (!isFloat && dtype !== 'I32') throw new Error('not four bytes each');
        const data = Float32Array.from({ length: (end - begin) / 4 }, (_, at) =>
          isFloat ? body.readFloatLE(begin + 4 * at) : body.readInt32LE(begin + 4 * at),
        );
        return [name, digestOf(data)] as const;
      })
      .map(([name, digest]) => [canonical(name), digest] as const)
      .filter(([name]) => !name.endsWith('num_batches_tracked'))
      .sort();
    return covered === body.length ? [digestOf(found)] : [];
  } catch {
    return [];
  }
}

function headerOf(text: string): Record<string, Entry> {
  const header: unknown = JSON.parse(text);
  return header as Record<string, Entry>;
}

function tensorsOf(header: Record<string, Entry>): [string, Entry][] {
  return Object.entries(header).filter(([name]) => name !== '__metadata__');
}

function canonical(name: string): string {
  return name.startsWith('outputlayer.') || name.startsWith('encoder.') ? name : `encoder.${name}`;
}
