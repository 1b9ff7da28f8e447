/**
 * A linear layer in ONNX, in float32 or with its product in int8: weights once, per output
 * (symmetric, 8 bits), activations when they are there, per tensor (DynamicQuantizeLinear).
 * Quantized weights are stored as unsigned bytes around 128: signed ones would be faster on no
 * machine with VNNI, and on those without it onnxruntime's kernel for them saturates.
 * https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 */
import type { OnnxGraph, Value } from './onnx-graph';

export interface LinearWeights {
  /** [outputs, inputs] */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

export type LinearGraph = (graph: OnnxGraph, x: Value, weights: LinearWeights) => Value;

/** x·Wᵀ + b over the last dimension. */
export const linearFloat32: LinearGraph = (graph, x, { weight, bias }) => {
  const outputs = bias.length;
  const matrix = graph.floats(transposed(weight, outputs), [weight.length / outputs, outputs]);
  return graph.value('Add', [graph.value('MatMul', [x, matrix]), graph.floats(bias, [outputs])]);
};

export const linearInt8: LinearGraph = (graph, x, { weight, bias }) => {
  const outputs = bias.length;
  const { levels, scales } = quantized(weight, outputs);
  const [bytes, scale, zeroPoint] = graph.node('DynamicQuantizeLinear', [x], {}, 3) as [
    Value,
    Value,
    Value,
  ];
  const matrix = graph.bytes(transposed(levels, outputs), [weight.length / outputs, outputs]);
  const product = graph.value('MatMulInteger', [
    bytes,
    matrix,
    zeroPoint,
    graph.bytes(Uint8Array.of(ZERO), []),
  ]);
  const rescaled = graph.value('Mul', [
    graph.value('Cast', [product], { to: 1 }),
    graph.value('Mul', [scale, graph.floats(scales, [outputs])]),
  ]);
  return graph.value('Add', [rescaled, graph.floats(bias, [outputs])]);
};

const ZERO = 128;
const LARGEST = 127;

/** weight ≈ (level − 128) · scale of its row. */
export function quantized(
  weight: Float32Array,
  outputs: number,
): { levels: Uint8Array; scales: Float32Array } {
  const inputs = weight.length / outputs;
  const levels = new Uint8Array(weight.length);
  const scales = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const row = weight.subarray(output * inputs, (output + 1) * inputs);
    const scale =
      // a row of zeros has any
      row.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / LARGEST || 1;
    scales[output] = scale;
    row.forEach(
      (value, input) => (levels[output * inputs + input] = ZERO + Math.round(value / scale)),
    );
  }
  return { levels, scales };
}

/** [outputs, inputs] to [inputs, outputs] */
function transposed<Values extends Float32Array | Uint8Array>(
  matrix: Values,
  outputs: number,
): Values {
  const inputs = matrix.length / outputs;
  const turned = new (matrix.constructor as new (length: number) => Values)(matrix.length);
  for (let output = 0; output < outputs; output++)
    for (let input = 0; input < inputs; input++)
      turned[input * outputs + output] = matrix[output * inputs + input]!;
  return turned;
}
