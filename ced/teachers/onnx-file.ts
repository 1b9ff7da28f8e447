/**
 * What an ONNX file holds, read before any runtime sees it. A teacher is named by the SHA-256 of
 * its files, so every number of the network must lie in them. A tensor may name another file for
 * its values ("external data") wherever a tensor may stand: in the graph, in the branches and
 * bodies of its control flow, and in the functions of the model. Exporters do so for initializers
 * of the graph; those alone may, by a plain name beside the ONNX file.
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { protobufFields, protobufIntegers, protobufText } from '../engine/protobuf-reader';

/** Graphs within graphs; a file of more was not written by an exporter. */
const DEEPEST = 16;
/** In the file, whatever they mean; a large network has a hundred thousand. */
const MOST_FIELDS = 10_000_000;
/** Dimensions of a tensor. */
const HIGHEST_RANK = 64;
/** Values that a byte can hold: tensors of one-bit values do not exist. */
const VALUES_A_BYTE = 8;

/**
 * Fields that lead to tensors, by message. A field may be given several times, and readers differ
 * in whether the last one counts or all of them: all are looked at.
 */
const TENSORS_IN: Readonly<Record<MessageType, Readonly<Record<number, MessageType>>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparseTensor' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: {
    5: 'tensor',
    6: 'graph',
    10: 'tensor',
    11: 'graph',
    22: 'sparseTensor',
    23: 'sparseTensor',
  },
  sparseTensor: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};
/** Of a tensor; in the second, 0 is this file and 1 another. */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
const MOST_EXTERNAL_FILES = 256;
/** A plain name of a file: no folder, no way up, no drive. */
const BESIDE = /^(?!\.{1,2}$)[^/\\:\0]{1,200}$/;
/** As what the ONNX file itself is stored. */
const TAKEN = 'model.onnx';

/** `metadata_props` of a model, and names in it. */
const METADATA = 14;
const RATE_KEY = /^(sample|sampling)_?rate$/i;
const LONGEST_KEY = 64;

type MessageType =
  'model' | 'graph' | 'training' | 'function' | 'node' | 'attribute' | 'sparseTensor' | 'tensor';

interface Found {
  fields: number;
  graphs: number;
  parameters: number;
  /** By name: bytes that its tensors reach. */
  external: Map<string, number>;
}

/**
 * How many numbers the initializers of the file's main graph hold.
 * @param externalBytes of the files that it names
 * @throws RangeError for other bytes
 */
export function onnxParameterCount(bytes: Uint8Array, externalBytes = 0): number {
  const { parameters } = look(bytes);
  const held = bytes.length + externalBytes;
  if (!(parameters <= held * VALUES_A_BYTE))
    throw new RangeError(`it claims ${parameters} values, more than its ${held} bytes can hold`);
  return parameters;
}

/**
 * Files beside it that hold values of its initializers, with the bytes that each must have.
 * @throws RangeError for other bytes, for names that lead elsewhere, and for values of anything but
 *   initializers
 */
export function onnxExternalFiles(bytes: Uint8Array): ReadonlyMap<string, number> {
  return look(bytes).external;
}

function look(bytes: Uint8Array): Found {
  const found: Found = { fields: 0, graphs: 0, parameters: 0, external: new Map() };
  visit('model', bytes, [], found);
  if (found.graphs === 0) throw new RangeError('it is no ONNX model: it has no graph');
  return found;
}

/**
 * Hz that the file's metadata states (`sample_rate` or `sampling_rate`), or null.
 * @throws RangeError for other bytes
 */
export function onnxSampleRate(bytes: Uint8Array): number | null {
  for (const [key, value] of onnxMetadata(bytes)) {
    const rate = Number(value.slice(0, LONGEST_KEY));
    if (RATE_KEY.test(key) && Number.isInteger(rate) && rate > 0) return rate;
  }
  return null;
}

/** `metadata_props`: keys, cut to a length that ours fit, with values. @throws RangeError */
export function* onnxMetadata(bytes: Uint8Array): Generator<[key: string, value: string]> {
  for (const { field, bytes: entry } of protobufFields(bytes))
    if (field === METADATA)
      yield [protobufText(entry, 1).slice(0, LONGEST_KEY), protobufText(entry, 2)];
}

/** @param path messages around this one */
function visit(
  type: MessageType,
  bytes: Uint8Array,
  path: readonly MessageType[],
  found: Found,
): void {
  if (type === 'graph') found.graphs++;
  if (path.filter((each) => each === 'graph').length > DEEPEST)
    throw new RangeError(`it nests graphs more than ${DEEPEST} deep`);
  if (type === 'tensor') {
    const isInitializer = path.join(' ') === 'model graph';
    if (isInitializer) found.parameters += elementCount(bytes);
    noteExternal(bytes, isInitializer, found);
  }
  const inside = TENSORS_IN[type];
  for (const { field, bytes: content } of protobufFields(bytes)) {
    if (++found.fields > MOST_FIELDS)
      throw new RangeError(`it has more than ${MOST_FIELDS} fields`);
    const next = inside[field];
    if (next) visit(next, content, [...path, type], found);
  }
}

function elementCount(tensor: Uint8Array): number {
  const extents = protobufIntegers(tensor, 1, HIGHEST_RANK);
  return extents.reduce((product, extent) => product * extent, 1);
}

/** Adds the file that a tensor names to those found. */
function noteExternal(tensor: Uint8Array, isAllowed: boolean, found: Found): void {
  const entries: Uint8Array[] = [];
  const locations = new Set<number>();
  for (const { field, value, bytes } of protobufFields(tensor)) {
    if (field === EXTERNAL_DATA) entries.push(bytes);
    if (field === DATA_LOCATION) locations.add(value);
  }
  if (entries.length === 0 && [...locations].every((value) => value === 0)) return;
  const refuse = (why: string): never => {
    throw new RangeError(
      `it keeps values in another file (external data); save it as one file: ${why}`,
    );
  };
  if (!isAllowed) refuse('they are not those of an initializer');
  // Readers differ in which of several values counts.
  if (locations.size !== 1 || !locations.has(1)) refuse('where they are is said in two ways');
  const { location, offset, length } = externalData(entries, refuse);
  if (!BESIDE.test(location) || location === TAKEN)
    refuse(`'${location.slice(0, LONGEST_KEY)}' is no name of a file beside it`);
  const end = offset + length;
  if (!Number.isSafeInteger(end)) refuse('they have no place in it');
  found.external.set(location, Math.max(end, found.external.get(location) ?? 0));
  if (found.external.size > MOST_EXTERNAL_FILES) refuse(`more than ${MOST_EXTERNAL_FILES} files`);
}

/** StringStringEntryProto: key = 1, value = 2. */
function externalData(
  entries: readonly Uint8Array[],
  refuse: (why: string) => never,
): { location: string; offset: number; length: number } {
  const values = new Map<string, string>();
  for (const entry of entries) {
    const [key, value] = keyAndValue(entry) ?? refuse('its entry cannot be read');
    if (values.has(key)) refuse(`it gives ${key.slice(0, LONGEST_KEY)} twice`);
    values.set(key, value);
  }
  const count = (key: string): number => {
    const text = values.get(key) ?? '0';
    return /^\d{1,16}$/.test(text) ? Number(text) : refuse(`its ${key} is no number`);
  };
  const location = values.get('location') ?? refuse('it names none');
  return { location, offset: count('offset'), length: count('length') };
}

function keyAndValue(entry: Uint8Array): [string, string] | null {
  try {
    return [protobufText(entry, 1), protobufText(entry, 2)];
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
