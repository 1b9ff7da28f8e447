/**
 * Executes each kernel at once and remembers its outputs, so that a whole computation is freed by
 * one call. Used for single kernels around the traced functions (variables, reads) and in tests,
 * where it must agree with the tracer.
 */
import { toBindingAttribute, type Attribute } from './attributes';
import type { TensorFlowBinding } from './binding';
import type { OpOutput, OpRunner } from './op-runner';
import { DTYPE_NUMBERS, type DType, type Shape, type Tensor, type TensorValues } from './tensor';

export class EagerRunner implements OpRunner {
  private readonly arena = new Set<number>();

  constructor(private readonly binding: TensorFlowBinding) {}

  run(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: readonly OpOutput[],
  ): Tensor[] {
    const infos = this.binding.executeOp(
      op,
      attributes.map(toBindingAttribute),
      inputs.map(({ id }) => id),
      outputs.length,
    );
    return outputs.map(({ dtype, shape }, index) => {
      const info = infos[index];
      if (info === undefined)
        throw new Error(`${op} gave ${infos.length} of ${outputs.length} outputs`);
      this.arena.add(info.id);
      // A handle made by a stateful kernel has no shape of its own to compare with.
      if (dtype !== 'resource' && info.shape.join() !== shape.join())
        throw new Error(`${op} gave shape [${info.shape}], expected [${shape}]`);
      return { id: info.id, dtype, shape };
    });
  }

  constant(values: TensorValues, shape: Shape, dtype: DType): Tensor {
    const id = this.binding.createTensor(shape, DTYPE_NUMBERS[dtype], values);
    this.arena.add(id);
    return { id, dtype, shape };
  }

  /** Takes a tensor out of the arena: it is freed by `Engine.free`. */
  keep(tensor: Tensor): Tensor {
    this.arena.delete(tensor.id);
    return tensor;
  }

  freeAll(): void {
    for (const id of this.arena) this.binding.deleteTensor(id);
    this.arena.clear();
  }
}
