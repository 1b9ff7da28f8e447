/**
 * How a module reaches its parameters and hands back their gradients: by published name, relative
 * to its own prefix.
 */
import type { Ops } from '../engine/ops';
import { elementCount, type Tensor } from '../engine/tensor';
import type { FoldedLinearGradients, LinearParameters } from './folded-linear';

/** The value of a parameter in this step; asked twice for a name it gives the same tensor. */
export type ParameterSource = (name: string) => Tensor;

export function linearAfterNorm(
  parameter: ParameterSource,
  norm: string,
  linear: string,
): LinearParameters {
  return {
    weight: parameter(`${linear}.weight`),
    bias: parameter(`${linear}.bias`),
    gain: parameter(`${norm}.weight`),
    shift: parameter(`${norm}.bias`),
  };
}

/** Gradients by parameter name, each in its parameter's shape. */
export class Gradients {
  private readonly byName = new Map<string, Tensor>();

  constructor(
    private readonly ops: Ops,
    private readonly parameter: ParameterSource,
  ) {}

  set(name: string, gradient: Tensor): void {
    if (this.byName.has(name)) throw new Error(`${name} has two gradients`);
    const { shape } = this.parameter(name);
    const same = shape.join() === gradient.shape.join();
    if (elementCount(shape) !== elementCount(gradient.shape))
      throw new Error(`the gradient of ${name} [${shape}] has shape [${gradient.shape}]`);
    this.byName.set(name, same ? gradient : this.ops.reshape(gradient, ...shape));
  }

  setLinearAfterNorm(norm: string, linear: string, gradients: FoldedLinearGradients): void {
    this.set(`${linear}.weight`, gradients.weight);
    this.set(`${linear}.bias`, gradients.bias);
    this.set(`${norm}.weight`, gradients.gain);
    this.set(`${norm}.bias`, gradients.shift);
  }

  get(name: string): Tensor {
    const gradient = this.byName.get(name);
    if (gradient === undefined) throw new Error(`${name} has no gradient`);
    return gradient;
  }
}
