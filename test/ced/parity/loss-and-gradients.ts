/**
 * The loss of a batch and the gradient of every trained parameter, by the three ways a computation
 * of ours can run: kernel by kernel, traced into one function, and with its chains compiled.
 */
import { openEngine } from '../../../ced/engine/engine';
import type { Ops } from '../../../ced/engine/ops';
import type { Shape, Tensor } from '../../../ced/engine/tensor';
import type { ModelConfig } from '../../../ced/model/config';
import { parameterSpecs } from '../../../ced/model/parameters';
import type { Weights } from '../../../ced/model/weights';
import { backpropagate } from '../../../ced/training/backpropagation';

interface Values {
  readonly shape: Shape;
  readonly data: Float32Array;
}

export interface MixupBatch {
  /** dB, [batch, mels, frames] */
  readonly spectrogram: Values;
  /** [batch, classes] */
  readonly targets: Values;
  /** [batch] */
  readonly lambda: Values;
}

export interface LossAndGradients {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

const engine = openEngine();

export const allWays = [
  ['kernel by kernel', eagerly],
  ['as one traced function', traced(Infinity)],
  ['with every chain of kernels compiled', traced(0)],
] as const;

function eagerly(config: ModelConfig, weights: Weights, batch: MixupBatch): LossAndGradients {
  const results = engine.eager((ops) => {
    const tensors = inputsOf(config, weights, batch).map(({ data, shape }) =>
      ops.constant(data, shape),
    );
    return compute(ops, config, tensors).map((output) => engine.read(output).slice());
  });
  return named(config, results);
}

function traced(compiledFrom: number) {
  return (config: ModelConfig, weights: Weights, batch: MixupBatch): LossAndGradients => {
    const inputs = inputsOf(config, weights, batch);
    const specs = inputs.map(({ shape }) => ({ dtype: 'float32' as const, shape }));
    const body = (ops: Ops, tensors: readonly Tensor[]): Tensor[] => compute(ops, config, tensors);
    const { shape } = batch.spectrogram;
    const key = `test gradients ${JSON.stringify(config)} ${shape} ${compiledFrom}`;
    const step = engine.define(key, specs, 'float32', body, compiledFrom);
    const tensors = inputs.map(({ data, shape }) => engine.tensor(data, shape, 'float32'));
    const outputs = engine.call(step, tensors);
    const results = outputs.map((output) => engine.read(output).slice());
    engine.free(...tensors, ...outputs);
    return named(config, results);
  };
}

function inputsOf(
  config: ModelConfig,
  weights: Weights,
  { spectrogram, targets, lambda }: MixupBatch,
): Values[] {
  return [
    spectrogram,
    targets,
    lambda,
    ...parameterSpecs(config).map(({ name }) => weights.get(name) as Values),
  ];
}

const trainedNames = (config: ModelConfig): string[] =>
  parameterSpecs(config)
    .filter(({ trained }) => trained)
    .map(({ name }) => name);

function compute(
  ops: Ops,
  config: ModelConfig,
  [spectrogram, targets, lambda, ...parameters]: readonly Tensor[],
): Tensor[] {
  const byName = new Map(
    parameterSpecs(config).map(({ name }, index) => [name, parameters[index] as Tensor]),
  );
  const frames = ops.transpose(spectrogram as Tensor, 0, 2, 1);
  const { loss, gradients } = backpropagate(
    ops,
    config,
    [{ spectrogram: frames, targets: targets as Tensor, lambda: lambda as Tensor }],
    (name) => byName.get(name) as Tensor,
  );
  return [loss, ...trainedNames(config).map((name) => gradients.get(name))];
}

function named(
  config: ModelConfig,
  [loss, ...gradients]: readonly Float32Array[],
): LossAndGradients {
  const names = trainedNames(config);
  return {
    loss: loss?.[0] as number,
    gradients: new Map(names.map((name, index) => [name, gradients[index] as Float32Array])),
  };
}
