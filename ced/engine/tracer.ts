/**
 * Records kernel calls into a TensorFlow FunctionDef, which then runs as a single op: no JavaScript between kernels, buffers freed and
 * reused by TensorFlow's executor, independent kernels side by side. Kernels without outputs (assignments, optimizer updates) become control outputs, so that they
 * always run. Two that write one variable run in the order they were recorded in. Their order relative to reads is given by data alone: read each variable once, and write what
 * depends on the read value.
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/function.proto
 */
import type { Attribute } from './attributes';
import type { OpOutput, OpRunner } from './op-runner';
import { bytesField, floatField, integerField, mapEntry, message, stringField } from './protobuf';
import { DTYPE_NUMBERS, type DType, type Shape, type Tensor, type TensorValues } from './tensor';

export interface ArgumentSpec {
  readonly dtype: DType;
  readonly shape: Shape;
}

const shapeProto = (shape: Shape): Buffer => message(...shape.map((extent) => bytesField(2, integerField(1, extent))));

function attributeValue(attribute: Attribute): Buffer {
  switch (attribute.kind) {
    case 'string':
      return stringField(2, attribute.value);
    case 'int':
      return integerField(3, attribute.value);
    case 'float':
      return floatField(4, attribute.value);
    case 'bool':
      return integerField(5, attribute.value ? 1 : 0);
    case 'type':
      return integerField(6, DTYPE_NUMBERS[attribute.value]);
    case 'shape':
      return bytesField(7, shapeProto(attribute.value));
  }
}

export class Tracer implements OpRunner {
  readonly arguments: readonly Tensor[];
  private readonly nodes: Buffer[] = [];
  private readonly controls: string[] = [];
  /** The last kernel without outputs that was given each resource. */
  private readonly writers = new Map<number, string>();
  /** How a node input refers to each tensor: `argument` or `node:port:index`. */
  private readonly references = new Map<number, string>();
  private nextId = 0;

  constructor(private readonly argumentSpecs: readonly ArgumentSpec[]) {
    this.arguments = argumentSpecs.map(({ dtype, shape }, index) => this.tensor(dtype, shape, `a${index}`));
  }

  run(op: string, attributes: readonly Attribute[], inputs: readonly Tensor[], outputs: readonly OpOutput[]): Tensor[] {
    const name = this.addNode(
      op,
      inputs,
      attributes.map((attribute) => mapEntry(5, attribute.name, bytesField(2, attributeValue(attribute)))),
      outputs.length === 0 ? this.earlierWriters(inputs) : [],
    );
    if (outputs.length === 0) {
      this.controls.push(name);
      for (const { id, dtype } of inputs) if (dtype === 'resource') this.writers.set(id, name);
    }
    return outputs.map(({ port, dtype, shape }, index) => this.tensor(dtype, shape, `${name}:${port}:${index}`));
  }

  constant(values: TensorValues, shape: Shape, dtype: DType): Tensor {
    const content = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const tensor = message(integerField(1, DTYPE_NUMBERS[dtype]), bytesField(2, shapeProto(shape)), bytesField(4, content));
    const name = this.addNode(
      'Const',
      [],
      [
        mapEntry(5, 'dtype', bytesField(2, integerField(6, DTYPE_NUMBERS[dtype]))),
        mapEntry(5, 'value', bytesField(2, bytesField(8, tensor))),
      ],
    );
    return this.tensor(dtype, shape, `${name}:output:0`);
  }

  /** The serialized FunctionDef that returns `outputs`. */
  functionDef(name: string, outputs: readonly Tensor[]): Uint8Array {
    const signature = message(
      stringField(1, name),
      ...this.argumentSpecs.map(({ dtype }, index) =>
        bytesField(2, message(stringField(1, `a${index}`), integerField(3, DTYPE_NUMBERS[dtype]))),
      ),
      ...outputs.map(({ dtype }, index) => bytesField(3, message(stringField(1, `o${index}`), integerField(3, DTYPE_NUMBERS[dtype])))),
      integerField(17, 1), // stateful: never folded away or shared
      ...this.controls.map((control) => stringField(20, control)),
    );
    return message(
      bytesField(1, signature),
      ...this.nodes.map((node) => bytesField(3, node)),
      ...outputs.map((output, index) => mapEntry(4, `o${index}`, stringField(2, this.reference(output)))),
      ...this.controls.map((control) => mapEntry(6, control, stringField(2, control))),
    );
  }

  private addNode(op: string, inputs: readonly Tensor[], attributes: readonly Buffer[], after: readonly string[] = []): string {
    const name = `n${this.nodes.length}`;
    const references = [...inputs.map((input) => this.reference(input)), ...after.map((node) => `^${node}`)];
    this.nodes.push(
      message(stringField(1, name), stringField(2, op), ...references.map((reference) => stringField(3, reference)), ...attributes),
    );
    return name;
  }

  private earlierWriters(inputs: readonly Tensor[]): string[] {
    const writers = inputs.filter(({ dtype }) => dtype === 'resource').map(({ id }) => this.writers.get(id));
    return [...new Set(writers.filter((writer) => writer !== undefined))];
  }

  private tensor(dtype: DType, shape: Shape, reference: string): Tensor {
    const id = this.nextId++;
    this.references.set(id, reference);
    return { id, dtype, shape };
  }

  private reference(tensor: Tensor): string {
    const reference = this.references.get(tensor.id);
    if (reference === undefined) throw new Error('a tensor from outside was used in a traced function: pass it as an argument');
    return reference;
  }
}
