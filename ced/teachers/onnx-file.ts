/**
 * What an ONNX file holds, read before any runtime sees it. Its SHA-256 names a teacher, so every
 * number of the network must lie in it: a tensor may name another file for its values ("external
 * data") wherever a tensor may stand, in the graph, in the branches and bodies of its control flow,
 * and in the functions of the model.
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
/** Of a tensor; in the second, 0 is this file. */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;

/** `metadata_props` of a model, and names in it. */
const METADATA = 14;
const RATE_KEY = /^(sample|sampling)_?rate$/i;
const LONGEST_KEY = 64;

type MessageType =
  'model' | 'graph' | 'training' | 'function' | 'node' | 'attribute' | 'sparseTensor' | 'tensor';

/**
 * How many numbers the initializers of the file's main graph hold.
 * @throws RangeError for other bytes, and for a model that keeps values beside it
 */
export function onnxParameterCount(bytes: Uint8Array): number {
  const found = { fields: 0, graphs: 0, parameters: 0 };
  visit('model', bytes, [], found);
  if (found.graphs === 0) throw new RangeError('it is no ONNX model: it has no graph');
  if (!(found.parameters <= bytes.length * VALUES_A_BYTE))
    throw new RangeError(
      `it claims ${found.parameters} values, more than its ${bytes.length} bytes can hold`,
    );
  return found.parameters;
}

/**
 * Hz that the file's metadata states (`sample_rate` or `sampling_rate`), or null.
 * @throws RangeError for other bytes
 */
export function onnxSampleRate(bytes: Uint8Array): number | null {
  for (const { field, bytes: entry } of protobufFields(bytes)) {
    if (field !== METADATA || !RATE_KEY.test(protobufText(entry, 1).slice(0, LONGEST_KEY)))
      continue;
    const rate = Number(protobufText(entry, 2).slice(0, LONGEST_KEY));
    if (Number.isInteger(rate) && rate > 0) return rate;
  }
  return null;
}

/** @param path messages around this one */
function visit(
  type: MessageType,
  bytes: Uint8Array,
  path: readonly MessageType[],
  found: { fields: number; graphs: number; parameters: number },
): void {
  if (type === 'graph') found.graphs++;
  if (path.filter((each) => each === 'graph').length > DEEPEST)
    throw new RangeError(`it nests graphs more than ${DEEPEST} deep`);
  if (type === 'tensor' && path.join(' ') === 'model graph')
    found.parameters += elementCount(bytes);
  const inside = TENSORS_IN[type];
  for (const { field, value, bytes: content } of protobufFields(bytes)) {
    if (++found.fields > MOST_FIELDS)
      throw new RangeError(`it has more than ${MOST_FIELDS} fields`);
    if (type === 'tensor' && (field === EXTERNAL_DATA || (field === DATA_LOCATION && value !== 0)))
      throw new RangeError('it keeps values in another file (external data); save it as one file');
    const next = inside[field];
    if (next) visit(next, content, [...path, type], found);
  }
}

function elementCount(tensor: Uint8Array): number {
  const extents = protobufIntegers(tensor, 1, HIGHEST_RANK);
  return extents.reduce((product, extent) => product * extent, 1);
}
