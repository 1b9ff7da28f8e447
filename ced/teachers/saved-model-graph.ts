/**
 * The nodes, functions and entry points of a SavedModel, as far as they determine its operations.
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/meta_graph.proto
 */
import { protobufFields, protobufMessage, protobufText } from '../engine/protobuf-reader';
import type { StatedTensor } from './waveform-layout';

export interface SavedNode {
  name: string;
  op: string;
  /** Names of nodes in the same graph, without their output's number. */
  inputs: string[];
  /** Names of functions that its attributes name. */
  functions: string[];
}

export interface SavedGraph {
  tags: string[];
  nodes: SavedNode[];
  functions: Map<string, SavedNode[]>;
  signatures: Map<string, { inputs: SavedTensor[]; outputs: SavedTensor[] }>;
  /** Nodes that run while the model is loaded: initialisation, and restoring its variables. */
  initializers: string[];
  restore: string;
  /** The node that is given the path of the variables when they are restored. */
  filename: string;
}

export interface SavedTensor extends StatedTensor {
  /** Name in the graph, such as `serving_default_x:0`. */
  tensor: string;
}

/** Of TensorFlow's numbers of types. */
const TYPES: Readonly<Record<number, string>> = { 1: 'float32', 2: 'float64', 19: 'float16' };
const HIGHEST_RANK = 16;
const MOST_NODES = 1_000_000;
/** Functions as attributes of functions as attributes … */
const DEEPEST = 8;

/**
 * Every meta graph of `saved_model.pb`. A field that is given twice counts twice, as TensorFlow
 * joins them.
 * @throws RangeError when the bytes are no such message
 */
export function savedGraphs(bytes: Uint8Array): SavedGraph[] {
  return messages(bytes, 2).map((metaGraph) => {
    const graphs = messages(metaGraph, 2);
    const library = graphs.flatMap((graph) => messages(graph, 2));
    const found = { nodes: 0 };
    const functions = new Map<string, SavedNode[]>();
    for (const definition of library.flatMap((each) => messages(each, 1))) {
      const name = texts(protobufMessage(definition, 1), 1).at(-1) ?? '';
      const nodes = messages(definition, 3).map((node) => savedNode(node, found));
      functions.set(name, [...(functions.get(name) ?? []), ...nodes]);
    }
    const signatures = new Map(
      messages(metaGraph, 5).map((entry) => {
        const signature = protobufMessage(entry, 2);
        return [
          protobufText(entry, 1),
          { inputs: savedTensors(signature, 1), outputs: savedTensors(signature, 2) },
        ];
      }),
    );
    return {
      tags: [...new Set(messages(metaGraph, 1).flatMap((info) => texts(info, 4)))].sort(),
      nodes: graphs.flatMap((graph) => messages(graph, 1)).map((node) => savedNode(node, found)),
      functions,
      signatures,
      initializers: [
        ...(signatures.get('__saved_model_init_op')?.outputs ?? []).map(({ tensor }) => tensor),
        ...mainOps(metaGraph),
      ].map(nodeName),
      restore: nodeName(lastText(messages(metaGraph, 3), 3)),
      filename: nodeName(lastText(messages(metaGraph, 3), 1)),
    };
  });
}

/** Of models of TensorFlow 1: collections that name the op to run when the model was loaded. */
function mainOps(metaGraph: Uint8Array): string[] {
  return messages(metaGraph, 4)
    .filter((entry) => /main_op|init_op/.test(protobufText(entry, 1)))
    .flatMap((entry) => messages(protobufMessage(entry, 2), 1))
    .flatMap((list) => texts(list, 1));
}

function savedNode(bytes: Uint8Array, found: { nodes: number }): SavedNode {
  if (++found.nodes > MOST_NODES) throw new RangeError(`it has more than ${MOST_NODES} nodes`);
  return {
    name: protobufText(bytes, 1),
    op: protobufText(bytes, 2),
    inputs: texts(bytes, 3).map(nodeName),
    functions: messages(bytes, 5).flatMap((entry) => functionsIn(messages(entry, 2))),
  };
}

/** AttrValue: list = 1 (func = 9), func = 10; NameAttrList: name = 1, attr = 2. */
function functionsIn(values: readonly Uint8Array[], depth = 0): string[] {
  if (depth > DEEPEST) throw new RangeError(`it nests functions more than ${DEEPEST} deep`);
  const named = values.flatMap((value) => [
    ...messages(value, 10),
    ...messages(value, 1).flatMap((list) => messages(list, 9)),
  ]);
  return named.flatMap((each) => [
    ...texts(each, 1),
    ...functionsIn(
      messages(each, 2).flatMap((entry) => messages(entry, 2)),
      depth + 1,
    ),
  ]);
}

/** TensorInfo: name = 1, dtype = 2, tensor_shape = 3 (dim = 2 (size = 1), unknown_rank = 3). */
function savedTensors(signature: Uint8Array, field: number): SavedTensor[] {
  return messages(signature, field).map((entry) => {
    const info = protobufMessage(entry, 2);
    const shape = messages(info, 3).at(-1);
    const type = integerOf(info, 2);
    return {
      name: protobufText(entry, 1),
      tensor: protobufText(info, 1),
      type: TYPES[type] ?? `type ${type}`,
      shape: shape === undefined || integerOf(shape, 3) !== 0 ? null : extentsOf(shape),
    };
  });
}

/** Extents beyond 32 bits are −1, written as ten bytes: any. */
function extentsOf(shape: Uint8Array): (number | string)[] {
  const sizes = messages(shape, 2).map((dim) => integerOf(dim, 1));
  if (sizes.length > HIGHEST_RANK)
    throw new RangeError(`it has a tensor of ${sizes.length} dimensions`);
  return sizes.map((size) => (size > 0 && size < 2 ** 31 ? size : '?'));
}

function integerOf(bytes: Uint8Array, field: number): number {
  let found = 0;
  for (const entry of protobufFields(bytes)) if (entry.field === field) found = entry.value;
  return found;
}

/** Of a tensor `node:0`, a control input `^node`, or a function's `node:output:0`. */
export function nodeName(input: string): string {
  const end = input.indexOf(':');
  return input.slice(input.startsWith('^') ? 1 : 0, end < 0 ? undefined : end);
}

function lastText(parts: readonly Uint8Array[], field: number): string {
  return parts.flatMap((part) => texts(part, field)).at(-1) ?? '';
}

function messages(bytes: Uint8Array, field: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const entry of protobufFields(bytes)) if (entry.field === field) found.push(entry.bytes);
  return found;
}

function texts(bytes: Uint8Array, field: number): string[] {
  return messages(bytes, field).map((text) => Buffer.from(text).toString('utf8'));
}
