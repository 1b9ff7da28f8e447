import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shiftInto } from '../../../ced/augment/apply';
import { openEngine } from '../../../ced/engine/engine';
import { Predictor } from '../../../ced/model/predictor';
import reference from '../../reference/torch-ced.json';
import { referenceModel } from './reference-vectors';

const engine = openEngine();
const { config, weights } = referenceModel();

/** int16 samples behind the header of a .npy file of version 1.0. */
function samplesOf(path: string): Int16Array {
  const bytes = readFileSync(join(__dirname, '../../reference', path));
  const start = 10 + bytes.readUInt16LE(8);
  return new Int16Array(Uint8Array.from(bytes.subarray(start)).buffer);
}

describe('augmented views of CED', () => {
  const audio = samplesOf('teacher-worker/audio.npy');
  const predictor = new Predictor(engine, config, weights, { precision: 'float32' });

  // python/ has the same test for CED in PyTorch as a worker teacher.
  it.each(reference.rows.map((row, at) => [row, reference.probabilities[at]!] as const))(
    'have the probabilities of the PyTorch statement within float16: %j',
    ([, , , offset, samples, shift, ...masks], expected) => {
      const pcm = new Int16Array(samples!);
      shiftInto(audio.subarray(offset, offset! + samples!), shift!, pcm, 0);
      const input = { pcm, batch: 1, samples: samples!, masks: Int32Array.from(masks) };
      const found = predictor.probabilities(input);
      expected.forEach((value, index) =>
        expect(Math.abs(found[index]! - value)).toBeLessThan(2 ** -11 * value),
      );
    },
  );
});
