import { openEngine } from '../../../ced/engine/engine';
import { parameterSpecs } from '../../../ced/model/parameters';
import { Trainer } from '../../../ced/training/trainer';
import { allWays } from './loss-and-gradients';
import { referenceModel, referenceTensors, relativeError, tensorNamed } from './reference-vectors';

const engine = openEngine();
const { config, weights } = referenceModel();
const vectors = referenceTensors('train');
const trained = parameterSpecs(config).filter((spec) => spec.trained);
const batch = {
  spectrogram: tensorNamed(vectors, 'spectrogram'),
  targets: tensorNamed(vectors, 'targets'),
  lambda: tensorNamed(vectors, 'lam'),
};

describe.each(allWays)('backpropagation %s', (_, compute) => {
  const { loss, gradients } = compute(config, weights, batch);

  it('gives the reference loss', () => {
    expect(loss).toBeCloseTo(tensorNamed(vectors, 'losses').data[0] as number, 5);
  });

  it.each(trained.map(({ name }) => name))('gives the reference gradient of %s', (name) => {
    expect(
      relativeError(gradients.get(name) as Float32Array, tensorNamed(vectors, `grad.${name}`).data),
    ).toBeLessThan(1e-4);
  });
});

describe('twenty Adam steps', () => {
  const trainer = new Trainer(engine, config, weights, { precision: 'float32' });
  const { spectrogram, targets, lambda } = batch;
  const losses = Array.from({ length: 20 }, () =>
    trainer.stepOnSpectrogram(spectrogram.data, 4, 201, targets.data, lambda.data, 1e-3),
  );

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
