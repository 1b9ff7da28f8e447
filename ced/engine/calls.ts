/**
 * Work that consists of calls of functions, one after the other, written once and run in two ways:
 * on the caller's thread, or on another one while the caller's goes on.
 */
import type { Engine } from './engine';
import type { TracedFunction } from './function-registry';
import type { Tensor } from './tensor';

/** Yields each call, is given its outputs, and returns a result. */
type CallsOf<Call, Result> = Generator<Call, Result, Tensor[]>;

/** Arguments of `Engine.call`. */
interface WholeCall {
  readonly traced: TracedFunction;
  readonly inputs: readonly Tensor[];
}

/** Arguments of `Engine.callInBranches`. */
interface BranchedCall {
  readonly traced: TracedFunction;
  readonly rowInputs: readonly Tensor[];
  readonly others: readonly Tensor[];
}

export type Calls<Result> = CallsOf<WholeCall, Result>;
export type BranchedCalls<Result> = CallsOf<BranchedCall, Result>;

export function runCalls<Result>(engine: Engine, calls: Calls<Result>): Result {
  return inTurn(calls, ({ traced, inputs }) => engine.call(traced, inputs));
}

/** As `runCalls`, on another thread. */
export async function runCallsLater<Result>(engine: Engine, calls: Calls<Result>): Promise<Result> {
  return await inTurnLater(calls, ({ traced, inputs }) => engine.callLater(traced, inputs));
}

export function runBranchedCalls<Result>(engine: Engine, calls: BranchedCalls<Result>): Result {
  return inTurn(calls, ({ traced, rowInputs, others }) =>
    engine.callInBranches(traced, rowInputs, others),
  );
}

/**
 * As `runBranchedCalls`, on another thread and after all that was given before: models that predict
 * one batch at once share what the first has computed.
 */
export async function runBranchedCallsLater<Result>(
  engine: Engine,
  calls: BranchedCalls<Result>,
): Promise<Result> {
  return await engine.inTurn(() =>
    inTurnLater(calls, ({ traced, rowInputs, others }) =>
      engine.callInBranchesLater(traced, rowInputs, others),
    ),
  );
}

function inTurn<Call, Result>(calls: CallsOf<Call, Result>, run: (call: Call) => Tensor[]): Result {
  let state = calls.next();
  while (state.done !== true) {
    let outputs: Tensor[];
    try {
      outputs = run(state.value);
    } catch (error) {
      state = calls.throw(error);
      continue;
    }
    state = calls.next(outputs);
  }
  return state.value;
}

async function inTurnLater<Call, Result>(
  calls: CallsOf<Call, Result>,
  run: (call: Call) => Promise<Tensor[]>,
): Promise<Result> {
  let state = calls.next();
  while (state.done !== true) {
    let outputs: Tensor[];
    try {
      outputs = await run(state.value);
    } catch (error) {
      state = calls.throw(error);
      continue;
    }
    state = calls.next(outputs);
  }
  return state.value;
}
