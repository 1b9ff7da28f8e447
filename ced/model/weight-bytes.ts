/** Bytes of a model's weights, by its shape: as stored, and as `ced export` writes them. */
import { elementCount } from '../engine/tensor';
import type { ModelConfig } from './config';
import { parameterSpecs } from './parameters';

/** The matrices that an int8 export keeps in 8 bits (ced/onnx/encoder-graph.ts). */
const IN_INT8 = /^encoder\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.fc[12])\.weight$/;

/**
 * `int8`: a byte for each weight of the blocks' matrices and a float32 scale for each of their
 * outputs; float32 for the rest. A file holds its front end and its labels besides.
 */
export function weightBytes(config: ModelConfig, precision: 'float32' | 'int8'): number {
  return parameterSpecs(config).reduce((sum, { name, shape }) => {
    const values = elementCount(shape);
    const isInt8 = precision === 'int8' && IN_INT8.test(name);
    return sum + (isInt8 ? values + 4 * shape[0]! : 4 * values);
  }, 0);
}
