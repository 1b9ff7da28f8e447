/**
 * The one seam of the engine: something that takes a kernel call and answers with tensors. The
 * eager runner executes it, the tracer records it. Everything above (ops, modules, the training
 * step) is written once against this interface.
 */
import type { Attribute } from './attributes';
import type { DType, Shape, Tensor, TensorValues } from './tensor';

/** `port` is the name of the output in the kernel's OpDef, by which a FunctionDef refers to it. */
export interface OpOutput {
  readonly port: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A chain of kernels to run as one: of its inputs, and of nothing else from outside. */
export type FusedBody = (runner: OpRunner, inputs: readonly Tensor[]) => readonly Tensor[];

export interface OpRunner {
  run(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: readonly OpOutput[],
  ): Tensor[];
  constant(values: TensorValues, shape: Shape, dtype: DType): Tensor;
  /** Absent where nothing can be compiled. */
  readonly compiler?: Compiler | undefined;
}

export interface Compiler {
  /**
   * Chains that touch a tensor of so many elements are compiled; below it starting a kernel costs
   * more than running it.
   */
  readonly fromElements: number;
  run(inputs: readonly Tensor[], body: FusedBody): Tensor[];
}
