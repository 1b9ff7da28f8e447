/**
 * An exponential moving average of a model's weights, running statistics included, moved after each
 * step: average ← average + (1 − d) · (weights − average). While few steps have been taken d is
 * lower than asked for, so that the random weights of the beginning are soon forgotten.
 */
import type { Engine } from '../engine/engine';
import { float, resource } from './traced-step';
import type { TrainingVariables } from './training-variables';

/**
 * The share of the average that a step keeps, as `num_updates` of TensorFlow's
 * `ExponentialMovingAverage` has it. @param step counts from 1
 */
export function decayAt(step: number, decay: number): number {
  return Math.min(decay, (1 + step) / (10 + step));
}

export class MovingAverage {
  constructor(
    private readonly engine: Engine,
    private readonly variables: TrainingVariables,
    private readonly decay: number,
  ) {}

  /** @param step whose weights are in place; counts from 1 */
  move(step: number): void {
    const { engine, variables } = this;
    const { values, averages } = variables;
    const handles = [...values, ...averages].map(({ handle }) => handle);
    const shapes = values.map(({ spec }) => spec.shape);
    const traced = engine.define(
      `moving average ${JSON.stringify(shapes)}`,
      [float(1), ...handles.map(() => resource)],
      'float32',
      (ops, [taken, ...given]) => {
        shapes.forEach((shape, index) => {
          const average = given[values.length + index]!;
          const before = ops.readVariable(average, shape);
          const gap = ops.subtract(ops.readVariable(given[index]!, shape), before);
          ops.assignVariable(average, ops.add(before, ops.multiply(gap, taken!)));
        });
        return [taken!];
      },
    );
    const taken = engine.tensor(Float32Array.of(1 - decayAt(step, this.decay)), [1], 'float32');
    engine.free(taken, ...engine.call(traced, [taken, ...handles]));
  }
}
