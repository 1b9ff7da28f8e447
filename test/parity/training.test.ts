import { openEngine } from '../../ced/engine/engine';
import type { Ops } from '../../ced/engine/ops';
import type { Tensor } from '../../ced/engine/tensor';
import { parameterSpecs } from '../../ced/model/parameters';
import { backpropagate } from '../../ced/training/backpropagation';
import { Trainer } from '../../ced/training/trainer';
import { referenceModel, referenceTensors, relativeError, tensorNamed } from './reference-vectors';

const engine = openEngine();
const { config, weights } = referenceModel();
const vectors = referenceTensors('train');
const trained = parameterSpecs(config).filter((spec) => spec.trained);
const batchNames = ['spectrogram', 'targets', 'lam'];

/** Loss and gradients of the reference batch, in the order of `trained`. */
function lossAndGradients(ops: Ops, batch: readonly Tensor[], parameters: readonly Tensor[]): Tensor[] {
  const byName = new Map(parameterSpecs(config).map(({ name }, index) => [name, parameters[index] as Tensor]));
  const [spectrogram, targets, lambda] = batch as [Tensor, Tensor, Tensor];
  const frames = ops.transpose(spectrogram, 0, 2, 1);
  const { loss, gradients } = backpropagate(ops, config, frames, targets, lambda, (name) => byName.get(name) as Tensor);
  return [loss, ...trained.map(({ name }) => gradients.get(name))];
}

const inputs = [
  ...batchNames.map((name) => tensorNamed(vectors, name)),
  ...parameterSpecs(config).map(({ name, shape }) => ({ shape, data: weights.get(name)?.data as Float32Array })),
];
const specs = inputs.map(({ shape }) => ({ dtype: 'float32' as const, shape }));
const split = (tensors: readonly Tensor[]): [Tensor[], Tensor[]] => [tensors.slice(0, batchNames.length), tensors.slice(batchNames.length)];

function tracedResults(): Float32Array[] {
  const traced = engine.define('parity gradients', specs, 'float32', (ops, tensors) => lossAndGradients(ops, ...split(tensors)));
  const tensors = inputs.map(({ data, shape }) => engine.tensor(data, shape, 'float32'));
  const outputs = engine.call(traced, tensors);
  const results = outputs.map((output) => engine.read(output));
  engine.free(...tensors, ...outputs);
  return results;
}

function eagerResults(): Float32Array[] {
  return engine.eager((ops) => {
    const tensors = inputs.map(({ data, shape }) => ops.constant(data, shape));
    return lossAndGradients(ops, ...split(tensors)).map((output) => engine.read(output));
  });
}

describe.each([
  ['kernel by kernel', eagerResults],
  ['as one traced function', tracedResults],
])('backpropagation %s', (_, compute) => {
  const [loss, ...gradients] = compute();

  it('gives the reference loss', () => {
    expect(loss?.[0]).toBeCloseTo(tensorNamed(vectors, 'losses').data[0] as number, 5);
  });

  it.each(trained.map(({ name }, index) => [name, index] as const))('gives the reference gradient of %s', (name, index) => {
    expect(relativeError(gradients[index] as Float32Array, tensorNamed(vectors, `grad.${name}`).data)).toBeLessThan(1e-4);
  });
});

describe('twenty Adam steps', () => {
  const trainer = new Trainer(engine, config, weights, { precision: 'float32' });
  const spectrogram = tensorNamed(vectors, 'spectrogram');
  const targets = tensorNamed(vectors, 'targets').data;
  const lambda = tensorNamed(vectors, 'lam').data;
  const losses = Array.from({ length: 20 }, () => trainer.stepOnSpectrogram(spectrogram.data, 4, 201, targets, lambda, 1e-3));

  it('follow the reference losses', () => {
    tensorNamed(vectors, 'losses').data.forEach((expected, step) =>
      expect(Math.abs((losses[step] as number) - expected)).toBeLessThan(1e-4),
    );
  });

  it.each(['running_mean', 'running_var'])('leave the reference %s in the batch norm', (name) => {
    const actual = trainer.snapshot().weights.get(`encoder.init_bn.${name}`)?.data as Float32Array;
    expect(relativeError(actual, tensorNamed(vectors, `bn.${name}`).data)).toBeLessThan(1e-5);
  });
});
