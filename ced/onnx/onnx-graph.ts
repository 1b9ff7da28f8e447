/**
 * Writes an ONNX file node by node. Names are given here; a value is referred to by the name that
 * making it returned. The same calls give the same bytes.
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { bytesField, floatField, integerField, message, stringField } from '../engine/protobuf';
import { elementCount, type Shape } from '../engine/tensor';

/** Name of a value in the graph. */
export type Value = string;

export type OnnxAttribute =
  number | string | readonly number[] | { readonly float: number } | { readonly graph: Buffer };

/** What the file says of an input or output. A text in the shape names an extent that is free. */
export interface Described {
  readonly name: Value;
  readonly shape: readonly (string | number)[];
  readonly doc: string;
}

const FLOAT = 1;
const UINT8 = 2;
const INT64 = 7;
const BOOL = 9;

/** Operators mean what they mean in this version; onnxruntime 1.12 and later know it. */
const OPSET = 17;
const IR_VERSION = 8;

export class OnnxGraph {
  private nodes: Buffer[] = [];
  private readonly initializers: Buffer[] = [];
  private readonly constants = new Map<string, Value>();
  private made = 0;

  /** @returns the names of its outputs */
  node(
    operator: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    outputs = 1,
  ): Value[] {
    const names = Array.from({ length: outputs }, () => `v${this.made++}`);
    this.nodes.push(
      message(
        ...inputs.map((name) => stringField(1, name)),
        ...names.map((name) => stringField(2, name)),
        stringField(4, operator),
        ...Object.entries(attributes).map(([name, value]) =>
          bytesField(5, encodeAttribute(name, value)),
        ),
      ),
    );
    return names;
  }

  /** A node with one output. */
  value(
    operator: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): Value {
    return this.node(operator, inputs, attributes)[0]!;
  }

  /** One extent of its shape, as a list of one number. */
  extent(x: Value, axis: number): Value {
    return this.value('Gather', [this.value('Shape', [x]), this.integers(axis)]);
  }

  floats(data: Float32Array, shape: Shape): Value {
    return this.initializer(FLOAT, shape, data);
  }

  bytes(data: Uint8Array, shape: Shape): Value {
    return this.initializer(UINT8, shape, data);
  }

  /** A number of shape [], made once. */
  scalar(value: number): Value {
    return this.once(`f ${value}`, () => this.floats(Float32Array.of(value), []));
  }

  /** A list of int64, made once: shapes, axes, bounds. */
  integers(...values: number[]): Value {
    return this.once(`i ${values}`, () =>
      this.initializer(INT64, [values.length], BigInt64Array.from(values, BigInt)),
    );
  }

  /**
   * Runs the body `count` times, one after the other.
   * @param count int64 [1]
   * @param states float32, what the body is given the first time; then what it has returned
   * @param body is given the number of the run, an int64 of shape [], and the states. It may use
   *   every value made so far.
   * @returns the states after the last run
   */
  loop(
    count: Value,
    states: readonly Value[],
    body: (run: Value, states: readonly Value[]) => readonly Value[],
  ): Value[] {
    const outer = this.nodes;
    this.nodes = [];
    const [run, goesOn, ...given] = Array.from(
      { length: 2 + states.length },
      () => `v${this.made++}`,
    ) as [Value, Value, ...Value[]];
    const results = [this.value('Identity', [goesOn]), ...body(run, given)];
    const graph = message(
      ...this.nodes.map((node) => bytesField(1, node)),
      stringField(2, 'body'),
      bytesField(11, valueInfo(run, INT64, [])),
      bytesField(11, valueInfo(goesOn, BOOL, [])),
      ...given.map((name) => bytesField(11, valueInfo(name, FLOAT, null))),
      bytesField(12, valueInfo(results[0]!, BOOL, [])),
      ...results.slice(1).map((name) => bytesField(12, valueInfo(name, FLOAT, null))),
    );
    this.nodes = outer;
    return this.node('Loop', [count, '', ...states], { body: { graph } }, states.length);
  }

  /** The file. */
  finish(
    input: Described,
    outputs: readonly (Described & { readonly from: Value })[],
    { doc, metadata }: { doc: string; metadata: Readonly<Record<string, string>> },
  ): Uint8Array {
    const described = ({ name, shape, doc: text }: Described): Buffer =>
      message(valueInfo(name, FLOAT, shape), stringField(3, text));
    const graph = message(
      ...this.nodes.map((node) => bytesField(1, node)),
      ...outputs.map(({ name, from }) =>
        bytesField(
          1,
          message(stringField(1, from), stringField(2, name), stringField(4, 'Identity')),
        ),
      ),
      stringField(2, 'ced'),
      ...this.initializers.map((tensor) => bytesField(5, tensor)),
      stringField(10, doc),
      bytesField(11, described(input)),
      ...outputs.map((output) => bytesField(12, described(output))),
    );
    return message(
      integerField(1, IR_VERSION),
      stringField(2, 'ced-distillation'),
      stringField(6, doc),
      bytesField(7, graph),
      bytesField(8, message(stringField(1, ''), integerField(2, OPSET))),
      ...Object.entries(metadata).map(([key, value]) =>
        bytesField(14, message(stringField(1, key), stringField(2, value))),
      ),
    );
  }

  private once(key: string, make: () => Value): Value {
    const known = this.constants.get(key) ?? make();
    this.constants.set(key, known);
    return known;
  }

  private initializer(
    dataType: number,
    shape: Shape,
    data: Float32Array | Uint8Array | BigInt64Array,
  ): Value {
    if (elementCount(shape) !== data.length)
      throw new RangeError(`${data.length} numbers given for the shape [${shape}]`);
    const name = `c${this.initializers.length}`;
    this.initializers.push(
      message(
        ...shape.map((extent) => integerField(1, extent)),
        integerField(2, dataType),
        stringField(8, name),
        bytesField(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
      ),
    );
    return name;
  }
}

/**
 * AttributeProto: f = 2, i = 3, s = 4, g = 6, ints = 8, type = 20 (FLOAT 1, INT 2, STRING 3, GRAPH
 * 5, INTS 7).
 */
function encodeAttribute(name: string, value: OnnxAttribute): Buffer {
  if (typeof value === 'number')
    return message(stringField(1, name), integerField(3, value), integerField(20, 2));
  if (typeof value === 'string')
    return message(stringField(1, name), stringField(4, value), integerField(20, 3));
  if ('float' in value)
    return message(stringField(1, name), floatField(2, value.float), integerField(20, 1));
  if ('graph' in value)
    return message(stringField(1, name), bytesField(6, value.graph), integerField(20, 5));
  return message(
    stringField(1, name),
    ...value.map((item) => integerField(8, item)),
    integerField(20, 7),
  );
}

/** @param shape null = not stated */
function valueInfo(name: string, type: number, shape: readonly (string | number)[] | null): Buffer {
  const extents = shape?.map((extent) =>
    bytesField(1, typeof extent === 'string' ? stringField(2, extent) : integerField(1, extent)),
  );
  const tensor = message(
    integerField(1, type),
    ...(extents === undefined ? [] : [bytesField(2, message(...extents))]),
  );
  return message(stringField(1, name), bytesField(2, bytesField(1, tensor)));
}
