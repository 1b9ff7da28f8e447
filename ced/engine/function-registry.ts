/**
 * Traced functions registered with TensorFlow, found by key. The least recently used one is removed
 * when there are too many, with the functions inside it and around it.
 */
import type { TensorFlowBinding } from './binding';
import { branchedDefinition } from './branches';
import type { Tensor } from './tensor';
import { specOf, type ArgumentSpec, type Tracer } from './tracer';

/**
 * Functions that stay registered. One of a model of twelve blocks holds about 0.6 MB; four models
 * that meet every length up to ten seconds need 310.
 */
export const FUNCTIONS_KEPT = 512;

/** A registered function. */
export interface TracedFunction {
  readonly name: string;
  /** Names of the functions compiled inside it. */
  readonly inner: readonly string[];
  /**
   * How many of the first arguments, and then all outputs, have any number of rows as their first
   * extent, the same for all.
   */
  readonly rowArguments: number;
  readonly arguments: readonly ArgumentSpec[];
  readonly outputs: readonly ArgumentSpec[];
  /** By number of branches: the functions that call it for each, see `callInBranches`. */
  readonly branched: Map<number, string>;
}

export class FunctionRegistry {
  /** By key, the one used longest ago first. */
  private readonly functions = new Map<string, TracedFunction>();

  constructor(private readonly binding: TensorFlowBinding) {}

  /** At most FUNCTIONS_KEPT. */
  get count(): number {
    return this.functions.size;
  }

  /** The function of this key, now the one used last. */
  get(key: string, trace: () => TracedFunction): TracedFunction {
    const traced = this.functions.get(key) ?? trace();
    this.functions.delete(key);
    this.functions.set(key, traced);
    if (this.functions.size > FUNCTIONS_KEPT) this.removeLeastRecentlyUsed();
    return traced;
  }

  /** @param rowArguments see TracedFunction */
  register(tracer: Tracer, outputs: readonly Tensor[], rowArguments: number): TracedFunction {
    const { name, bytes } = tracer.definition('ced_traced', outputs);
    for (const inner of tracer.inner.values()) this.binding.addFunctionDef(inner);
    this.binding.addFunctionDef(bytes);
    return {
      name,
      inner: [...tracer.inner.keys()],
      rowArguments,
      arguments: tracer.arguments.map(specOf),
      outputs: outputs.map(specOf),
      branched: new Map(),
    };
  }

  /** The name of the function that calls `traced` for each of `count` branches. */
  branched(traced: TracedFunction, rowArguments: number, count: number): string {
    const known = traced.branched.get(count);
    if (known !== undefined) return known;
    const { name, bytes } = branchedDefinition(traced, rowArguments, count);
    this.binding.addFunctionDef(bytes);
    traced.branched.set(count, name);
    return name;
  }

  private removeLeastRecentlyUsed(): void {
    for (const [key, { name, inner, branched }] of this.functions) {
      this.functions.delete(key);
      for (const each of [...branched.values(), name, ...inner]) this.binding.removeFunction(each);
      return;
    }
  }
}
