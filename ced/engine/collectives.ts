/** TensorFlow's collective operations, for functions that run in a process of a group. */
import { boolAttribute, intAttribute, stringAttribute, typeAttribute } from './attributes';
import type { Ops } from './ops';
import type { Tensor } from './tensor';

/** What all members must agree on. */
export interface CollectiveKeys {
  /** Members of the group. */
  readonly size: number;
  /** int32 scalar, an argument of the function, so that one function serves every generation. */
  readonly generation: Tensor;
  /** Names the operation: in one generation, always the same operation on the same shapes. */
  readonly instance: number;
  readonly timeoutSeconds: number;
  /** Of the devices: those of GPUs go through NCCL, the others' through gRPC. */
  readonly device: 'cpu' | 'gpu';
}

/** [n, …] of each member to [size · n, …] of all, in the order of ranks. */
export function gather(ops: Ops, x: Tensor, keys: CollectiveKeys): Tensor {
  const [rows = 0, ...rest] = x.shape;
  return collective(ops, 'CollectiveGatherV2', x, [rows * keys.size, ...rest], keys);
}

/** [size, …]: row i goes to rank i; row i of the result came from rank i. */
export function allToAll(ops: Ops, x: Tensor, keys: CollectiveKeys): Tensor {
  return collective(ops, 'CollectiveAllToAllV2', x, x.shape, keys);
}

function collective(
  ops: Ops,
  op: string,
  x: Tensor,
  shape: readonly number[],
  { size, generation, instance, timeoutSeconds, device }: CollectiveKeys,
): Tensor {
  const scalar = (value: number): Tensor => ops.runner.constant(Int32Array.of(value), [], 'int32');
  const attributes = [
    typeAttribute('T', x.dtype),
    stringAttribute('communication_hint', device === 'gpu' ? 'nccl' : 'auto'),
    { name: 'timeout_seconds', kind: 'float', value: timeoutSeconds } as const,
    boolAttribute('is_stateless', false),
    intAttribute('Nordering_token', 0),
  ];
  const inputs = [x, scalar(size), generation, scalar(instance)];
  const outputs = ops.runner.run(op, attributes, inputs, [{ port: 'data', dtype: x.dtype, shape }]);
  return outputs[0] as Tensor;
}
