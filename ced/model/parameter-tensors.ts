/** A model's weights as tensors of an engine, which traced functions take as arguments. */
import type { Engine } from '../engine/engine';
import type { Tensor } from '../engine/tensor';
import type { ModelConfig } from './config';
import type { ParameterSource } from './parameter-access';
import { parameterSpecs } from './parameters';
import type { Weights } from './weights';

/** In the order of `parameterSpecs`. The caller frees them. */
export function parameterTensors(engine: Engine, config: ModelConfig, weights: Weights): Tensor[] {
  return parameterSpecs(config).map(({ name, shape }) => {
    const data = weights.get(name)?.data;
    if (data === undefined) throw new Error(`the weights lack ${name}`);
    return engine.tensor(data, shape, 'float32');
  });
}

/** @param values in the order of `parameterTensors` */
export function parameterSource(config: ModelConfig, values: readonly Tensor[]): ParameterSource {
  const named = new Map(
    parameterSpecs(config).map(({ name }, index) => [name, values[index] as Tensor]),
  );
  return (name) => named.get(name) as Tensor;
}
