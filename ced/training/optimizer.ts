/** What follows the gradients of a batch: clipping, and Adam on every parameter that is
 * not frozen. */
import type { Ops } from '../engine/ops';
import type { Tensor } from '../engine/tensor';
import type { ParameterSource } from '../model/parameter-access';
import { adamUpdates, clipByGlobalNorm } from './adam';
import type { CompleteOptions } from './trainer-options';
import type { TrainingVariables, VariablesByName } from './training-variables';

/** Of a traced function. */
export interface OptimizedVariables {
  /** Reads each parameter as it is before the step. */
  readonly parameter: ParameterSource;
  readonly values: VariablesByName;
  /** First moments of the trained parameters, then the second ones. */
  readonly moments: readonly Tensor[];
}

/** `scalars` as from `adamScalars`; `gradients` in the order of the trained parameters. */
export function optimize(
  ops: Ops,
  { weightDecay, clipNorm }: CompleteOptions,
  { firstMoments, rateOf }: TrainingVariables,
  { parameter, values, moments }: OptimizedVariables,
  scalars: Tensor,
  gradients: readonly Tensor[],
): void {
  const limited = clipNorm === null ? gradients : clipByGlobalNorm(ops, gradients, clipNorm);
  const updates = firstMoments.map(({ spec }, index) => ({
    gradient: limited[index] as Tensor,
    before: parameter(spec.name),
    rate: rateOf(spec.name),
    variables: {
      value: values.get(spec.name)?.handle as Tensor,
      firstMoment: moments[index] as Tensor,
      secondMoment: moments[firstMoments.length + index] as Tensor,
    },
  }));
  adamUpdates(ops, scalars, updates, weightDecay);
}
