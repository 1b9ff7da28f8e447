/**
 * TensorFlow in this process: tensors in, traced functions run, results out. One per process,
 * because TensorFlow reads its settings once. Calls block the thread until the result is there, so
 * a process that must answer in between (heartbeats) keeps the engine in a child.
 */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { boolAttribute, shapeAttribute, stringAttribute, typeAttribute } from './attributes';
import { loadBinding, type TensorFlowBinding } from './binding';
import { branchCount, branchSizes } from './branches';
import { EagerRunner } from './eager-runner';
import { NUMERICS_VERSION, engineEnvironment, gpuKind, type EngineKind } from './environment';
import { FunctionRegistry, type TracedFunction } from './function-registry';
import { GroupLost, rankOf, ranked, serverDef, type Group, type GroupMember } from './group';
import { Ops, type Precision } from './ops';
import { outputsOf, prepareBranches, prepareCall, type PreparedCall } from './prepared-call';
import { DTYPE_NUMBERS, type DType, type Shape, type Tensor, type TensorValues } from './tensor';
import { Tracer, type ArgumentSpec } from './tracer';

/** Below this a kernel costs no more than starting it. */
export const COMPILED_ELEMENTS = 2 ** 16;

type TracedBody = (ops: Ops, inputs: readonly Tensor[]) => readonly Tensor[];

export class Engine {
  readonly kind: EngineKind;
  private readonly functions: FunctionRegistry;
  private lastTurn: Promise<unknown> = Promise.resolve();

  constructor(private readonly binding: TensorFlowBinding) {
    this.functions = new FunctionRegistry(binding);
    const device = binding.isUsingGpuDevice() ? 'gpu' : 'cpu';
    const gpu = device === 'gpu' ? gpuKind(process.env) : undefined;
    this.kind = {
      tensorflow: binding.TF_Version,
      device,
      instructionCap: process.env['ONEDNN_MAX_CPU_ISA'] ?? 'DEFAULT',
      ...(gpu === undefined ? {} : { gpu }),
      numericsVersion: NUMERICS_VERSION,
    };
  }

  /** Kernels that run at once. */
  get threads(): number {
    return Number(process.env['TF_NUM_INTEROP_THREADS'] ?? availableParallelism());
  }

  /** Live tensors, variables included: constant from step to step, or something leaks. */
  get tensorCount(): number {
    return this.binding.getNumOfTensors();
  }

  /** Registered functions: at most FUNCTIONS_KEPT. */
  get functionCount(): number {
    return this.functions.count;
  }

  /**
   * Joins a group for collective operations. Variables that were made before the first one are of
   * no use afterwards; those made in a group stay.
   * @throws {GroupLost} if the group was ended already, or the server cannot be started
   */
  joinGroup(group: Group): void {
    const { host } = ranked(group)[rankOf(group)] as GroupMember;
    try {
      this.binding.enableCollectiveOps(serverDef(group), group.generation, host);
    } catch (error) {
      throw new GroupLost(group.generation, error);
    }
  }

  /** Ends groups as the other end of a file descriptor says, see the binding. Once per process. */
  endGroupsByDescriptor(fd: number): void {
    this.binding.abortCollectiveOpsWhenReadable(fd);
  }

  /**
   * Runs kernels one by one; everything made inside is freed when `body` returns, so it must return
   * plain values.
   */
  eager<Result>(
    body: (ops: Ops, runner: EagerRunner) => Result,
    precision: Precision = 'float32',
  ): Result {
    const runner = new EagerRunner(this.binding);
    try {
      return body(new Ops(runner, precision), runner);
    } finally {
      runner.freeAll();
    }
  }

  /**
   * The function that `body` describes for arguments of these shapes. It is traced and registered
   * when its key is new, and removed once FUNCTIONS_KEPT others were used after it: define it
   * again before each use. The key must name everything the body depends on besides its arguments.
   * Chains of kernels on tensors of `compiledFrom` elements are compiled, which costs about a
   * second for a model and pays where a shape is met often; Infinity for none.
   */
  define(
    key: string,
    argumentSpecs: readonly ArgumentSpec[],
    precision: Precision,
    body: TracedBody,
    compiledFrom = COMPILED_ELEMENTS,
  ): TracedFunction {
    return this.functions.get(key, () => {
      const { device, gpu } = this.kind;
      const limit = device === 'cpu' || gpu?.includes('XLA') === true ? compiledFrom : Infinity;
      const tracer = new Tracer(argumentSpecs, limit);
      return this.functions.register(tracer, body(new Ops(tracer, precision), tracer.arguments), 0);
    });
  }

  /**
   * As `define`, for any number of rows: the first extent of `rowSpecs` and of the outputs. The
   * body is traced with the rows at hand and must not depend on their number. Nothing is compiled,
   * since XLA compiles for every shape again. The kernels get the shapes they get from a function
   * of `define`, so the bits are the same.
   */
  defineForAnyRows(
    key: string,
    rowSpecs: readonly ArgumentSpec[],
    otherSpecs: readonly ArgumentSpec[],
    precision: Precision,
    body: TracedBody,
  ): TracedFunction {
    return this.functions.get(key, () => {
      const tracer = new Tracer([...rowSpecs, ...otherSpecs]);
      const outputs = body(new Ops(tracer, precision, true), tracer.arguments);
      return this.functions.register(tracer, outputs, rowSpecs.length);
    });
  }

  /** The caller frees the outputs. */
  call(traced: TracedFunction, inputs: readonly Tensor[]): Tensor[] {
    return this.execute(prepareCall(traced, inputs), inputs);
  }

  /**
   * As `call`, on another thread: the caller's goes on, and may free the inputs at once. The
   * function stays registered meanwhile, as it is the one used last.
   */
  async callLater(traced: TracedFunction, inputs: readonly Tensor[]): Promise<Tensor[]> {
    return await this.executeLater(prepareCall(traced, inputs), inputs);
  }

  /**
   * Calls a function for each branch of a batch: `rowInputs` [batch, …], cut alike, are its first
   * arguments and `others` the rest. Its outputs [rows, …] are joined. The function takes any
   * number of rows, or those of a branch, all branches having as many. The caller frees the
   * outputs.
   */
  callInBranches(
    traced: TracedFunction,
    rowInputs: readonly Tensor[],
    others: readonly Tensor[],
  ): Tensor[] {
    return this.withBranches(traced, rowInputs, others, (prepared, inputs) =>
      this.execute(prepared, inputs),
    );
  }

  /** As `callInBranches`, on another thread; see `callLater`. */
  async callInBranchesLater(
    traced: TracedFunction,
    rowInputs: readonly Tensor[],
    others: readonly Tensor[],
  ): Promise<Tensor[]> {
    return await this.withBranches(traced, rowInputs, others, (prepared, inputs) =>
      this.executeLater(prepared, inputs),
    );
  }

  /** Does what takes several calls on another thread after all that was given before. */
  async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const own = this.lastTurn.then(work);
    this.lastTurn = own.catch(() => undefined);
    return await own;
  }

  /** @param run is given what to call, and its inputs, which live until it returns */
  private withBranches<Result>(
    traced: TracedFunction,
    rowInputs: readonly Tensor[],
    others: readonly Tensor[],
    run: (prepared: PreparedCall, inputs: readonly Tensor[]) => Result,
  ): Result {
    const rows = rowInputs[0]?.shape[0] ?? 0;
    const count = branchCount(rows, this.kind.device);
    if (count <= 1) {
      const inputs = [...rowInputs, ...others];
      return run(prepareCall(traced, inputs), inputs);
    }
    const sizes = this.tensor(branchSizes(rows, count), [count], 'int32');
    try {
      const name = this.functions.branched(traced, rowInputs.length, count);
      return run(prepareBranches(name, traced, rows), [...rowInputs, ...others, sizes]);
    } finally {
      this.free(sizes);
    }
  }

  private execute(prepared: PreparedCall, inputs: readonly Tensor[]): Tensor[] {
    const { name, outputs } = prepared;
    const ids = inputs.map(({ id }) => id);
    return outputsOf(prepared, this.binding.executeOp(name, [], ids, outputs.length));
  }

  private async executeLater(prepared: PreparedCall, inputs: readonly Tensor[]): Promise<Tensor[]> {
    const { name, outputs } = prepared;
    const ids = inputs.map(({ id }) => id);
    return outputsOf(prepared, await this.binding.callLater(name, ids, outputs.length));
  }

  /**
   * Copies `values` in (the published binding would share their memory: see set-up); the caller
   * frees the tensor.
   */
  tensor(values: TensorValues, shape: Shape, dtype: DType): Tensor {
    return { id: this.binding.createTensor(shape, DTYPE_NUMBERS[dtype], values), dtype, shape };
  }

  read(tensor: Tensor): Float32Array {
    const raw = this.binding.tensorDataSync(tensor.id);
    // seen anew: under Jest the binding's arrays belong to another realm
    return new Float32Array(raw.buffer, raw.byteOffset, raw.length);
  }

  free(...tensors: readonly Tensor[]): void {
    for (const { id } of tensors) this.binding.deleteTensor(id);
  }

  /** A float32 resource variable holding a copy of `values`; freed by `freeVariable`. */
  variable(values: Float32Array, shape: Shape): Tensor {
    const name = `ced_variable_${randomUUID()}`;
    return this.eager((_, runner) => {
      const attributes = [
        typeAttribute('dtype', 'float32'),
        shapeAttribute('shape', shape),
        stringAttribute('shared_name', name),
        stringAttribute('container', ''),
      ];
      const [handle] = runner.run(
        'VarHandleOp',
        attributes,
        [],
        [{ port: 'resource', dtype: 'resource', shape: [] }],
      ) as [Tensor];
      const initial = runner.constant(values, shape, 'float32');
      runner.run('AssignVariableOp', [typeAttribute('dtype', 'float32')], [handle, initial], []);
      return runner.keep(handle);
    });
  }

  readVariable(variable: Tensor, shape: Shape): Float32Array {
    return this.eager((ops) => this.read(ops.readVariable(variable, shape)).slice());
  }

  /**
   * A foreign graph with its weights. @returns its number, for the two calls
   * below
   */
  loadSavedModel(folder: string, tags: readonly string[]): number {
    return this.binding.loadSavedModel(folder, tags.join(','));
  }

  runSavedModel(
    id: number,
    inputName: string,
    input: { readonly values: Float32Array; readonly shape: Shape },
    outputName: string,
  ): { values: Float32Array; shape: number[] } {
    const given = this.tensor(input.values, input.shape, 'float32');
    try {
      const [output] = this.binding.runSavedModel(id, [given.id], inputName, outputName);
      if (output?.dtype !== DTYPE_NUMBERS.float32)
        throw new Error(`${outputName} has type ${output?.dtype}, expected float32`);
      const tensor: Tensor = { id: output.id, dtype: 'float32', shape: output.shape };
      const values = this.read(tensor).slice();
      this.free(tensor);
      return { values, shape: [...output.shape] };
    } finally {
      this.free(given);
    }
  }

  deleteSavedModel(id: number): void {
    this.binding.deleteSavedModel(id);
  }

  freeVariable(variable: Tensor): void {
    this.eager((_, runner) =>
      runner.run('DestroyResourceOp', [boolAttribute('ignore_lookup_error', true)], [variable], []),
    );
    this.free(variable);
  }
}

let engine: Engine | undefined;

/**
 * Loads TensorFlow at the first call. Settings that the process was not started with are set here,
 * which only reaches what TensorFlow has not yet read.
 */
export function openEngine(): Engine {
  if (engine === undefined) {
    for (const [name, value] of Object.entries(engineEnvironment())) process.env[name] ??= value;
    engine = new Engine(loadBinding());
  }
  return engine;
}
