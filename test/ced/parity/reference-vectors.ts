/**
 * Reference numbers of an independent PyTorch statement of CED, kept in `test/reference/` (see its
 * README for how they were made).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelConfigSchema, type ModelConfig } from '../../../ced/model/config';
import { decodeSafetensors, type DecodedTensor } from '../../../ced/model/safetensors';
import { loadWeights, type Weights } from '../../../ced/model/weights';

const folder = join(__dirname, '../..', 'reference');

export function referenceTensors(
  file: 'frontend' | 'model' | 'forward' | 'train',
): Map<string, DecodedTensor> {
  return decodeSafetensors(readFileSync(join(folder, `${file}.safetensors`)));
}

export function referenceModel(): { config: ModelConfig; weights: Weights } {
  const config = modelConfigSchema.parse(
    JSON.parse(readFileSync(join(folder, 'model.config.json'), 'utf8')),
  );
  return { config, weights: loadWeights(config, referenceTensors('model')) };
}

export function tensorNamed(
  tensors: ReadonlyMap<string, DecodedTensor>,
  name: string,
): DecodedTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`the reference lacks ${name}`);
  return tensor;
}

/** ‖actual − expected‖ / ‖expected‖ */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} numbers compared with ${expected.length}`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += ((actual[i] as number) - (expected[i] as number)) ** 2;
    norm += (expected[i] as number) ** 2;
  }
  return Math.sqrt(difference / norm);
}
