/**
 * Tensors as the engine sees them: a number that names a value held by TensorFlow (or a node being
 * traced), with its type and static shape. Shapes are known before anything runs, so a mismatch is
 * reported where it is written and not in a kernel.
 */
export const DTYPE_NUMBERS = {
  float32: 1,
  int32: 3,
  uint8: 4,
  int16: 5,
  complex64: 8,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} as const;
export type DType = keyof typeof DTYPE_NUMBERS;
export type Shape = readonly number[];

export interface Tensor {
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape;
}

export type TensorValues = Float32Array | Int32Array | Uint8Array;

export function elementCount(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * Shape of `a op b` under NumPy's broadcasting rules; throws RangeError where two extents disagree.
 */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new RangeError(`shapes [${a}] and [${b}] cannot be combined`);
    return left === 1 ? right : left;
  });
}
