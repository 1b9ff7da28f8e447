/** The reference model in a folder of its own, with names for its classes. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '../../ced/engine/engine';
import { Predictor } from '../../ced/model/predictor';
import { referenceModel } from '../ced/parity/reference-vectors';

const reference = join(__dirname, '..', 'reference');

export const labelOf = (index: number): string => `sound ${index}`;

/** @returns the folder */
export function writeReferenceModel(folder: string, nameOf = labelOf): string {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(reference, 'model.safetensors'), join(folder, 'model.safetensors'));
  const config = JSON.parse(readFileSync(join(reference, 'model.config.json'), 'utf8')) as {
    outputdim: number;
  };
  const names = Array.from({ length: config.outputdim }, (_, index) => [index, nameOf(index)]);
  const text = JSON.stringify({ ...config, id2label: Object.fromEntries(names) as object });
  writeFileSync(join(folder, 'config.json'), text);
  return folder;
}

export function referencePredictor(): Predictor {
  const { config, weights } = referenceModel();
  return new Predictor(openEngine(), config, weights, { precision: 'float32' });
}

/** int16 at 16 kHz whose pitch rises, so that windows differ. */
export function sweep(seconds: number): number[] {
  return Array.from({ length: Math.round(seconds * 16_000) }, (_, i) =>
    Math.round(9000 * Math.sin(i * 0.02 + i * i * 2e-6)),
  );
}
