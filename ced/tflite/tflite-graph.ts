/**
 * Writes a LiteRT (TensorFlow Lite) file operator by operator. All shapes are fixed. The same calls
 * give the same bytes. Numbers of operators and fields are those of the schema, version 3:
 * https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs
 */
import { elementCount, type Shape } from '../engine/tensor';
import { flatBuffer, table, type Field, type Node } from './flatbuffer';

/** Of a tensor in the graph. */
export interface Value {
  readonly index: number;
  readonly shape: Shape;
}

/** Numbers of the operators that are used, and of the tables of their options. */
const OPERATORS = {
  ADD: { code: 0, options: 11 },
  CONCATENATION: { code: 2, options: 10 },
  CONV_2D: { code: 3, options: 1 },
  FULLY_CONNECTED: { code: 9, options: 8 },
  LOGISTIC: { code: 14, options: 0 },
  MUL: { code: 18, options: 21 },
  RESHAPE: { code: 22, options: 17 },
  SOFTMAX: { code: 25, options: 9 },
  PAD: { code: 34, options: 22 },
  TRANSPOSE: { code: 39, options: 26 },
  MEAN: { code: 40, options: 27 },
  SUB: { code: 41, options: 28 },
  MAXIMUM: { code: 55, options: 39 },
  SLICE: { code: 65, options: 48 },
  LOG: { code: 73, options: 0 },
  RSQRT: { code: 76, options: 0 },
  REDUCE_MAX: { code: 82, options: 27 },
  MIRROR_PAD: { code: 100, options: 77 },
  BATCH_MATMUL: { code: 126, options: 101 },
  GELU: { code: 150, options: 116 },
} as const;
export type Operator = keyof typeof OPERATORS;

/** The code in the field of files that are older than operators 127 and above. */
const LARGEST_OLD_CODE = 127;
const FLOAT32 = 0;
const INT32 = 2;

export interface Named {
  readonly name: string;
  readonly value: Value;
}

export class TfliteGraph {
  private readonly tensors: Node[] = [];
  /** The first is empty: tensors without content refer to it. */
  private readonly buffers: Node[] = [table({})];
  private readonly operators: Node[] = [];
  private readonly used: Operator[] = [];
  private readonly lists = new Map<string, Value>();

  /** A tensor that is filled before the graph runs. */
  input(name: string, shape: Shape): Value {
    return this.tensor(FLOAT32, shape, 0, name);
  }

  floats(data: Float32Array, shape: Shape): Value {
    if (elementCount(shape) !== data.length)
      throw new RangeError(`${data.length} numbers given for the shape [${shape}]`);
    return this.constant(FLOAT32, shape, data);
  }

  /** A list of int32, made once: shapes, axes, bounds. */
  integers(...values: number[]): Value {
    return this.matrix(values, [values.length]);
  }

  /** Numbers of int32 in any shape. */
  matrix(values: readonly number[], shape: Shape): Value {
    const key = `${values} ${shape}`;
    const made = this.lists.get(key) ?? this.constant(INT32, shape, Int32Array.from(values));
    this.lists.set(key, made);
    return made;
  }

  reshape(x: Value, shape: Shape): Value {
    return this.value('RESHAPE', [x, this.integers(...shape)], shape);
  }

  slice(x: Value, start: readonly number[], shape: Shape): Value {
    return this.value('SLICE', [x, this.integers(...start), this.integers(...shape)], shape);
  }

  /** Over one axis, whose extent becomes 1. */
  mean(x: Value, axis: number, shape: Shape): Value {
    return this.value('MEAN', [x, this.integers(axis)], shape, { 0: { byte: 1 } });
  }

  /**
   * An operator with one output.
   * @param shape of the output
   * @param options by the numbers of their fields
   */
  value(
    operator: Operator,
    inputs: readonly Value[],
    shape: Shape,
    options: Readonly<Record<number, Field>> = {},
    name = `v${this.tensors.length}`,
  ): Value {
    const output = this.tensor(FLOAT32, shape, 0, name);
    const known = this.used.indexOf(operator);
    const code = known >= 0 ? known : this.used.push(operator) - 1;
    const { options: type } = OPERATORS[operator];
    this.operators.push(
      table({
        0: { int: code },
        1: { at: { ints: inputs.map(({ index }) => index) } },
        2: { at: { ints: [output.index] } },
        ...(type > 0 ? { 3: { byte: type }, 4: { at: table(options) } } : {}),
      }),
    );
    return output;
  }

  /** The file, with one signature. */
  finish(inputs: readonly Named[], outputs: readonly Named[], description: string): Uint8Array {
    const indices = (named: readonly Named[]): Field => ({
      at: { ints: named.map(({ value }) => value.index) },
    });
    const mapped = (named: readonly Named[]): Field => ({
      at: {
        nodes: named.map(({ name, value }) =>
          table({ 0: { at: { text: name } }, 1: { int: value.index } }),
        ),
      },
    });
    const graph = table({
      0: { at: { nodes: this.tensors } },
      1: indices(inputs),
      2: indices(outputs),
      3: { at: { nodes: this.operators } },
      4: { at: { text: 'ced' } },
    });
    const signature = table({
      0: mapped(inputs),
      1: mapped(outputs),
      2: { at: { text: 'serving_default' } },
    });
    const codes = this.used.map((operator) => {
      const { code } = OPERATORS[operator];
      return table({
        0: { byte: Math.min(code, LARGEST_OLD_CODE) },
        2: { int: 1 },
        3: { int: code },
      });
    });
    const model = table({
      0: { int: 3 },
      1: { at: { nodes: codes } },
      2: { at: { nodes: [graph] } },
      3: { at: { text: description } },
      4: { at: { nodes: this.buffers } },
      7: { at: { nodes: [signature] } },
    });
    return flatBuffer(model, 'TFL3');
  }

  private constant(type: number, shape: Shape, data: Float32Array | Int32Array): Value {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const buffer = this.buffers.push(table({ 0: { at: { bytes } } })) - 1;
    return this.tensor(type, shape, buffer, `c${buffer}`);
  }

  private tensor(type: number, shape: Shape, buffer: number, name: string): Value {
    const index =
      this.tensors.push(
        table({
          0: { at: { ints: shape } },
          1: { byte: type },
          2: { int: buffer },
          3: { at: { text: name } },
          8: { byte: 1 },
        }),
      ) - 1;
    return { index, shape };
  }
}
