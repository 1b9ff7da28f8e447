/**
 * Work that consists of calls in branches, one after the other, written once and run in two ways:
 * on the caller's thread, or on another one while the caller's goes on.
 */
import type { Engine } from './engine';
import type { TracedFunction } from './function-registry';
import type { Tensor } from './tensor';

/** Arguments of `Engine.callInBranches`. */
interface BranchedCall {
  readonly traced: TracedFunction;
  readonly rowInputs: readonly Tensor[];
  readonly others: readonly Tensor[];
}

/** Yields each call, is given its outputs, and returns a result. */
export type BranchedCalls<Result> = Generator<BranchedCall, Result, Tensor[]>;

export function runCalls<Result>(engine: Engine, calls: BranchedCalls<Result>): Result {
  let state = calls.next();
  while (state.done !== true) {
    const { traced, rowInputs, others } = state.value;
    let outputs: Tensor[];
    try {
      outputs = engine.callInBranches(traced, rowInputs, others);
    } catch (error) {
      state = calls.throw(error);
      continue;
    }
    state = calls.next(outputs);
  }
  return state.value;
}

/**
 * As `runCalls`, on another thread and in turn: models that predict one batch at once share what
 * the first has computed.
 */
export async function runCallsLater<Result>(
  engine: Engine,
  calls: BranchedCalls<Result>,
): Promise<Result> {
  return await engine.inTurn(async () => {
    let state = calls.next();
    while (state.done !== true) {
      const { traced, rowInputs, others } = state.value;
      let outputs: Tensor[];
      try {
        outputs = await engine.callInBranchesLater(traced, rowInputs, others);
      } catch (error) {
        state = calls.throw(error);
        continue;
      }
      state = calls.next(outputs);
    }
    return state.value;
  });
}
