/**
 * How a module reaches its parameters and hands back their gradients: by published name, relative
 * to its own prefix.
 */
import type { Ops } from '../engine/ops';
import { elementCount, type Tensor } from '../engine/tensor';
import {
  unfoldedGradients,
  type FoldedLinearShare,
  type LinearParameters,
  type OutputScale,
} from './folded-linear';

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

/**
 * Gradients by parameter name, each in its parameter's shape: the sums over the branches of a
 * batch, taken in their order.
 */
export class Gradients {
  private readonly shares = new Map<string, Tensor[]>();
  /** The folded layer that a parameter belongs to. */
  private readonly layers = new Map<string, FoldedLayer>();

  constructor(
    private readonly ops: Ops,
    private readonly parameter: ParameterSource,
    private readonly branches: number,
  ) {}

  /** Adds the share of one branch. */
  add(name: string, share: Tensor): void {
    const { shape } = this.parameter(name);
    const same = shape.join() === share.shape.join();
    if (elementCount(shape) !== elementCount(share.shape))
      throw new Error(`the gradient of ${name} [${shape}] has shape [${share.shape}]`);
    this.push(name, same ? share : this.ops.reshape(share, ...shape));
  }

  /** Adds the share of one branch to the four parameters of a folded layer. */
  addLinearAfterNorm(
    norm: string,
    linear: string,
    { products, sums }: FoldedLinearShare,
    scale: OutputScale,
  ): void {
    const layer: FoldedLayer = { norm, linear, scale };
    for (const name of namesOf(layer)) this.layers.set(name, layer);
    this.push(`products ${linear}`, products);
    this.push(`sums ${linear}`, sums);
  }

  get(name: string): Tensor {
    return this.ops.once(`gradient ${name}`, () => {
      const layer = this.layers.get(name);
      if (layer !== undefined) return this.unfolded(layer)[namesOf(layer).indexOf(name)] as Tensor;
      return this.sharesOf(name).reduce((sum, share) => this.ops.add(sum, share));
    });
  }

  private unfolded({ norm, linear, scale }: FoldedLayer): readonly Tensor[] {
    return this.ops.once(`gradients ${linear}`, () =>
      unfoldedGradients(
        this.ops,
        this.sharesOf(`products ${linear}`),
        this.sharesOf(`sums ${linear}`),
        linearAfterNorm(this.parameter, norm, linear),
        scale,
      ),
    );
  }

  private push(key: string, share: Tensor): void {
    const shares = this.shares.get(key) ?? [];
    if (shares.length === this.branches) throw new Error(`${key} has two gradients`);
    this.shares.set(key, [...shares, share]);
  }

  private sharesOf(key: string): Tensor[] {
    const shares = this.shares.get(key) ?? [];
    if (shares.length < this.branches)
      throw new Error(`${key} has ${shares.length} of ${this.branches} shares of its gradient`);
    return shares;
  }
}

interface FoldedLayer {
  readonly norm: string;
  readonly linear: string;
  readonly scale: OutputScale;
}

/** In the order of `unfoldedGradients`. */
const namesOf = ({ norm, linear }: FoldedLayer): string[] => [
  `${linear}.weight`,
  `${linear}.bias`,
  `${norm}.weight`,
  `${norm}.bias`,
];
