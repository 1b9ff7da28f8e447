import { openEngine } from '../../../ced/engine/engine';
import { Predictor } from '../../../ced/model/predictor';
import { referenceModel, referenceTensors, relativeError, tensorNamed } from './reference-vectors';

const engine = openEngine();
const { config, weights } = referenceModel();
const vectors = referenceTensors('forward');

describe('the forward pass', () => {
  const predictor = new Predictor(engine, config, weights, { precision: 'float32' });

  it.each([16, 101, 501, 1001, 1012])('agrees with the reference on %i frames', (frames) => {
    const spectrogram = tensorNamed(vectors, `t${frames}.spectrogram`).data;
    const expected = tensorNamed(vectors, `t${frames}.logits`).data;
    expect(
      relativeError(predictor.logitsOfSpectrogram(spectrogram, 2, frames), expected),
    ).toBeLessThan(1e-5);
  });

  it('stays within two percent in bfloat16', () => {
    const rounded = new Predictor(engine, config, weights, { precision: 'bfloat16' });
    const logits = rounded.logitsOfSpectrogram(
      tensorNamed(vectors, 't501.spectrogram').data,
      2,
      501,
    );
    const error = relativeError(logits, tensorNamed(vectors, 't501.logits').data);
    expect(error).toBeGreaterThan(1e-5); // it does round
    expect(error).toBeLessThan(2e-2);
  });
});
