/** The reference model in a folder of its own, with names for its classes. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '../../ced/engine/engine';
import { modelConfigSchema, type ModelConfig } from '../../ced/model/config';
import { Predictor } from '../../ced/model/predictor';
import { decodeSafetensors } from '../../ced/model/safetensors';
import { loadWeights } from '../../ced/model/weights';

const reference = join(__dirname, '..', 'reference');

export const labelOf = (index: number): string => `sound ${index}`;

/** @returns the folder */
export function writeReferenceModel(folder: string): string {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(reference, 'model.safetensors'), join(folder, 'model.safetensors'));
  const config = readReferenceConfig();
  const names = Array.from({ length: config.outputdim }, (_, index) => [index, labelOf(index)]);
  const text = JSON.stringify({ ...config, id2label: Object.fromEntries(names) as object });
  writeFileSync(join(folder, 'config.json'), text);
  return folder;
}

export function readReferenceConfig(): ModelConfig {
  return modelConfigSchema.parse(
    JSON.parse(readFileSync(join(reference, 'model.config.json'), 'utf8')),
  );
}

export function referencePredictor(): Predictor {
  const config = readReferenceConfig();
  const file = readFileSync(join(reference, 'model.safetensors'));
  const weights = loadWeights(config, decodeSafetensors(file));
  return new Predictor(openEngine(), config, weights, { precision: 'float32' });
}

/** int16 at 16 kHz whose pitch rises, so that windows differ. */
export function sweep(seconds: number): number[] {
  return Array.from({ length: Math.round(seconds * 16_000) }, (_, i) =>
    Math.round(9000 * Math.sin(i * 0.02 + i * i * 2e-6)),
  );
}
