/**
 * Records kernel calls into a TensorFlow FunctionDef, which then runs as a single op: no JavaScript
 * between kernels, buffers freed and reused by TensorFlow's executor, independent kernels side by
 * side. Kernels without outputs (assignments, optimizer updates) become control outputs, so that
 * they always run. Two that write one variable run in the order they were recorded in. Their order
 * relative to reads is given by data alone: read each variable once, and write what depends on the
 * read value. Where it may compile, chains of kernels become functions of their own that XLA turns
 * into loops over their elements.
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/function.proto
 */
import { createHash } from 'node:crypto';
import {
  attributeValue,
  functionAttribute,
  intAttribute,
  shapeProto,
  typesAttribute,
  type Attribute,
} from './attributes';
import type { Compiler, FusedBody, OpOutput, OpRunner } from './op-runner';
import { bytesField, integerField, mapEntry, message, stringField } from './protobuf';
import { DTYPE_NUMBERS, type DType, type Shape, type Tensor, type TensorValues } from './tensor';

export interface ArgumentSpec {
  readonly dtype: DType;
  readonly shape: Shape;
}

export const specOf = ({ dtype, shape }: Tensor): ArgumentSpec => ({ dtype, shape });

export class Tracer implements OpRunner {
  readonly arguments: readonly Tensor[];
  private readonly nodes: Buffer[] = [];
  private readonly controls: string[] = [];
  /** The last kernel without outputs that was given each resource. */
  private readonly writers = new Map<number, string>();
  /** How a node input refers to each tensor: `argument` or `node:port:index`. */
  private readonly references = new Map<number, string>();
  private nextId = 0;

  /** Definitions of the functions compiled inside this one, by name: to be registered before it. */
  readonly inner = new Map<string, Uint8Array>();
  readonly compiler: Compiler | undefined;

  constructor(
    private readonly argumentSpecs: readonly ArgumentSpec[],
    /** In elements, see Compiler; Infinity for none. */
    compiledFrom = Infinity,
  ) {
    this.arguments = argumentSpecs.map(({ dtype, shape }, index) =>
      this.tensor(dtype, shape, `a${index}`),
    );
    if (compiledFrom < Infinity)
      this.compiler = {
        fromElements: compiledFrom,
        run: (chain, body) => this.compiled(chain, body),
      };
  }

  run(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: readonly OpOutput[],
  ): Tensor[] {
    const name = this.addNode(
      op,
      inputs,
      attributes.map((attribute) =>
        mapEntry(5, attribute.name, bytesField(2, attributeValue(attribute))),
      ),
      outputs.length === 0 ? this.earlierWriters(inputs) : [],
    );
    if (outputs.length === 0) {
      this.controls.push(name);
      for (const { id, dtype } of inputs) if (dtype === 'resource') this.writers.set(id, name);
    }
    return outputs.map(({ port, dtype, shape }, index) =>
      this.tensor(dtype, shape, `${name}:${port}:${index}`),
    );
  }

  constant(values: TensorValues, shape: Shape, dtype: DType): Tensor {
    const content = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const tensor = message(
      integerField(1, DTYPE_NUMBERS[dtype]),
      bytesField(2, shapeProto(shape)),
      bytesField(4, content),
    );
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

  /**
   * The function that returns `outputs`, serialized and named after its content: TensorFlow accepts
   * the same definition twice, and two engines in one process can't collide.
   */
  definition(prefix: string, outputs: readonly Tensor[]): { name: string; bytes: Uint8Array } {
    const content = createHash('sha256').update(this.functionDef('', outputs)).digest('hex');
    const name = `${prefix}_${content}`;
    return { name, bytes: this.functionDef(name, outputs) };
  }

  /** Its serialized FunctionDef under a given name. */
  functionDef(name: string, outputs: readonly Tensor[]): Uint8Array {
    const signature = message(
      stringField(1, name),
      ...this.argumentSpecs.map(({ dtype }, index) =>
        bytesField(2, message(stringField(1, `a${index}`), integerField(3, DTYPE_NUMBERS[dtype]))),
      ),
      ...outputs.map(({ dtype }, index) =>
        bytesField(3, message(stringField(1, `o${index}`), integerField(3, DTYPE_NUMBERS[dtype]))),
      ),
      integerField(17, 1), // stateful: never folded away or shared
      ...this.controls.map((control) => stringField(20, control)),
    );
    return message(
      bytesField(1, signature),
      ...this.nodes.map((node) => bytesField(3, node)),
      ...outputs.map((output, index) =>
        mapEntry(4, `o${index}`, stringField(2, this.reference(output))),
      ),
      ...this.controls.map((control) => mapEntry(6, control, stringField(2, control))),
    );
  }

  /**
   * The body as a function of its own that XLA compiles when it first runs, for each shapes of its
   * arguments. Equal bodies are one function.
   */
  private compiled(inputs: readonly Tensor[], body: FusedBody): Tensor[] {
    const tracer = new Tracer(inputs);
    const outputs = body(tracer, tracer.arguments);
    const { name, bytes } = tracer.definition('ced_fused', outputs);
    this.inner.set(name, bytes);
    const types = (tensors: readonly Tensor[]): DType[] => tensors.map(({ dtype }) => dtype);
    const attributes = [
      typesAttribute('Tconstants', []),
      typesAttribute('Targs', types(inputs)),
      intAttribute('Nresources', 0),
      typesAttribute('Tresults', types(outputs)),
      functionAttribute('function', name),
    ];
    return this.run(
      'XlaLaunch',
      attributes,
      inputs,
      outputs.map(({ dtype, shape }) => ({ port: 'results', dtype, shape })),
    );
  }

  private addNode(
    op: string,
    inputs: readonly Tensor[],
    attributes: readonly Buffer[],
    after: readonly string[] = [],
  ): string {
    const name = `n${this.nodes.length}`;
    const references = [
      ...inputs.map((input) => this.reference(input)),
      ...after.map((node) => `^${node}`),
    ];
    this.nodes.push(
      message(
        stringField(1, name),
        stringField(2, op),
        ...references.map((reference) => stringField(3, reference)),
        ...attributes,
      ),
    );
    return name;
  }

  private earlierWriters(inputs: readonly Tensor[]): string[] {
    const writers = inputs
      .filter(({ dtype }) => dtype === 'resource')
      .map(({ id }) => this.writers.get(id));
    return [...new Set(writers.filter((writer) => writer !== undefined))];
  }

  private tensor(dtype: DType, shape: Shape, reference: string): Tensor {
    const id = this.nextId++;
    this.references.set(id, reference);
    return { id, dtype, shape };
  }

  private reference(tensor: Tensor): string {
    const reference = this.references.get(tensor.id);
    if (reference === undefined)
      throw new Error(
        'a tensor from outside was used in a traced function: pass it as an argument',
      );
    return reference;
  }
}
