/**
 * The native door to TensorFlow: tfjs-node's N-API binding, loaded by itself. The rest of tfjs (its
 * tape, kernels in JavaScript, 400 ms of start-up) is not needed. The binding is built by set-up
 * with the methods of ADDED.
 */
import { dirname, join } from 'node:path';
import type { BindingAttribute } from './attributes';

export interface TensorInfo {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

export interface TensorFlowBinding {
  readonly TF_Version: string;
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    op: string,
    attributes: readonly BindingAttribute[],
    inputIds: readonly number[],
    outputCount: number,
  ): TensorInfo[];
  /**
   * Calls a registered function on a thread of libuv's pool. Its inputs may be deleted meanwhile,
   * the function may not be removed.
   */
  callLater(name: string, inputIds: readonly number[], outputCount: number): Promise<TensorInfo[]>;
  /** TensorFlow counts how often one definition is added; `removeFunction` undoes one of them. */
  addFunctionDef(serialized: Uint8Array): void;
  removeFunction(name: string): void;
  /**
   * Joins a group: starts TensorFlow's server at the first call, on one IPv4 address of this
   * machine and the port that `serverDef` gives this process, and forgets the group before.
   */
  enableCollectiveOps(serverDef: Uint8Array, generation: number, listenAddress: string): void;
  /**
   * Reads generations to end from a file descriptor (int32, little endian) in a thread of its own:
   * a group that is joined, or is not yet. Its end ends whichever group there is and any later one.
   */
  abortCollectiveOpsWhenReadable(fd: number): void;
  /** @returns an id for runSavedModel; tags joined by commas */
  loadSavedModel(folder: string, tags: string): number;
  /** Names of tensors in the graph, joined by commas, such as `serving_default_x:0`. */
  runSavedModel(
    id: number,
    inputIds: readonly number[],
    inputNames: string,
    outputNames: string,
  ): TensorInfo[];
  deleteSavedModel(id: number): void;
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
}

/** What set-up adds to the published binding. */
const ADDED = [
  'addFunctionDef',
  'removeFunction',
  'callLater',
  'enableCollectiveOps',
  'abortCollectiveOpsWhenReadable',
] as const;

/** Where set-up puts the binding, and what else TensorFlow needs beside its library. */
export function bindingFolder(): string {
  return join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'lib');
}

export function loadBinding(): TensorFlowBinding {
  const folder = bindingFolder();
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- native modules need `require`
  const native = (file: string): unknown => require(join(folder, 'napi-v8', file));
  const raw = withMutedLogs(
    native('mute.node') as Mute,
    () => native('tfjs_binding.node') as TensorFlowBinding,
  );
  for (const method of ADDED)
    if (typeof raw[method] !== 'function')
      throw new Error(`the TensorFlow binding lacks ${method}: run the set-up again`);
  return raw;
}

interface Mute {
  mute: () => number;
  unmute: (kept: number) => void;
}

/**
 * The library writes to standard error while it is loaded, at any log level; a user who wants to
 * read it sets that to 0.
 */
function withMutedLogs<Loaded>({ mute, unmute }: Mute, load: () => Loaded): Loaded {
  if (process.env['TF_CPP_MIN_LOG_LEVEL'] === '0') return load();
  const kept = mute();
  try {
    return load();
  } finally {
    unmute(kept);
  }
}
