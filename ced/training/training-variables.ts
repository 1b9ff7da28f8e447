/**
 * The state of a trainer between steps, as TensorFlow variables: weights with running statistics,
 * and Adam's moments.
 */
import type { Engine } from '../engine/engine';
import type { Ops } from '../engine/ops';
import { elementCount, type Shape, type Tensor } from '../engine/tensor';
import type { ModelConfig } from '../model/config';
import type { ParameterSource } from '../model/parameter-access';
import { parameterSpecs, type ParameterSpec } from '../model/parameters';
import type { WeightTensor, Weights } from '../model/weights';

export interface Variable {
  readonly spec: ParameterSpec;
  readonly handle: Tensor;
}

export type VariablesByName = ReadonlyMap<
  string,
  { readonly handle: Tensor; readonly shape: Shape }
>;

export class TrainingVariables {
  readonly values: readonly Variable[];
  /** Of the trained parameters that are not frozen, in their order, like `secondMoments`. */
  readonly firstMoments: readonly Variable[];
  readonly secondMoments: readonly Variable[];
  /** The moving average of each value, in their order; none without one. */
  readonly averages: readonly Variable[];

  constructor(
    private readonly engine: Engine,
    config: ModelConfig,
    from: {
      readonly weights: Weights;
      readonly adamM: Weights | null;
      readonly adamV: Weights | null;
      readonly averages?: Weights | undefined;
    },
    /** Share of the learning rate that a parameter learns at; 0 = it is frozen. */
    readonly rateOf: (name: string) => number,
    /** A moving average that is not in the state begins with the weights. */
    hasAverages: boolean,
  ) {
    const specs = parameterSpecs(config);
    const trained = specs.filter((spec) => spec.trained && rateOf(spec.name) > 0);
    this.values = this.create(specs, from.weights);
    this.firstMoments = this.create(trained, from.adamM);
    this.secondMoments = this.create(trained, from.adamV);
    this.averages = hasAverages ? this.create(specs, from.averages ?? from.weights) : [];
  }

  get moments(): Variable[] {
    return [...this.firstMoments, ...this.secondMoments];
  }

  /** A copy of their content, by name. */
  read(variables: readonly Variable[]): Map<string, WeightTensor> {
    return new Map(
      variables.map(({ spec, handle }) => [
        spec.name,
        { shape: spec.shape, data: this.engine.readVariable(handle, spec.shape) },
      ]),
    );
  }

  /** The values by name, at the handles that a traced function was given for them. */
  byName(handles: readonly Tensor[]): VariablesByName {
    return new Map(
      this.values.map(({ spec }, index) => [
        spec.name,
        { handle: handles[index] as Tensor, shape: spec.shape },
      ]),
    );
  }

  /** Gradients of the trained parameters in their order, from all of them flat. */
  split(ops: Ops, flat: Tensor): Tensor[] {
    let from = 0;
    return this.firstMoments.map(({ spec: { shape } }) => {
      const count = elementCount(shape);
      const own = ops.slice(flat, [from], [count]);
      from += count;
      return ops.reshape(own, ...shape);
    });
  }

  dispose(): void {
    const all = [...this.values, ...this.moments, ...this.averages];
    for (const { handle } of all) this.engine.freeVariable(handle);
  }

  private create(specs: readonly ParameterSpec[], from: Weights | null): Variable[] {
    return specs.map((spec) => {
      const data =
        from === null ? new Float32Array(elementCount(spec.shape)) : from.get(spec.name)?.data;
      if (data === undefined) throw new Error(`the trainer's state lacks ${spec.name}`);
      return { spec, handle: this.engine.variable(data, spec.shape) };
    });
  }
}

/**
 * Each variable is read once per step, before the optimizer writes it: a second read could see the
 * new value.
 */
export function readOnce(ops: Ops, variables: VariablesByName): ParameterSource {
  const values = new Map<string, Tensor>();
  return (name) => {
    let value = values.get(name);
    if (value === undefined) {
      const variable = variables.get(name);
      if (variable === undefined) throw new Error(`the model has no parameter ${name}`);
      values.set(name, (value = ops.readVariable(variable.handle, variable.shape)));
    }
    return value;
  };
}
