/** A call of a traced function for the inputs at hand: what it takes and gives is checked here. */
import { withRows } from './branches';
import type { TensorInfo } from './binding';
import type { TracedFunction } from './function-registry';
import type { DType, Shape, Tensor } from './tensor';

export interface PreparedCall {
  readonly name: string;
  readonly outputs: readonly {
    readonly dtype: DType;
    readonly shape: Shape;
    /** End of the sentence that says what other shape it has. */
    readonly expected: string;
  }[];
}

/** @throws where the inputs are not what the function takes */
export function prepareCall(traced: TracedFunction, inputs: readonly Tensor[]): PreparedCall {
  const { name, rowArguments } = traced;
  const rows = rowArguments > 0 ? inputs[0]?.shape[0] : undefined;
  traced.arguments.forEach((spec, index) => {
    const input = inputs[index];
    const sized = rows !== undefined && index < rowArguments ? withRows(spec, rows) : spec;
    if (input?.dtype !== spec.dtype || input.shape.join() !== sized.shape.join())
      throw new Error(
        `argument ${index} of ${name} should be ${spec.dtype}[${sized.shape}], is ` +
          `${input?.dtype}[${input?.shape}]`,
      );
  });
  const outputs = traced.outputs.map((spec) =>
    rows === undefined
      ? { ...spec, expected: `and should give [${spec.shape}]` }
      : { ...withRows(spec, rows), expected: `for ${rows} rows of [${spec.shape}]` },
  );
  return { name, outputs };
}

/** Of the function `name` that calls `traced` for each branch of a batch of `rows`. */
export function prepareBranches(name: string, traced: TracedFunction, rows: number): PreparedCall {
  const outputs = traced.outputs.map((spec) => {
    const whole = withRows(spec, rows);
    return { ...whole, expected: `in branches, expected [${whole.shape}]` };
  });
  return { name, outputs };
}

/** @throws where an output has another shape */
export function outputsOf({ name, outputs }: PreparedCall, infos: readonly TensorInfo[]): Tensor[] {
  return outputs.map(({ dtype, shape, expected }, index) => {
    const { id, shape: given } = infos[index] as TensorInfo;
    if (given.join() !== shape.join()) throw new Error(`${name} gave [${given}] ${expected}`);
    return { id, dtype, shape };
  });
}
