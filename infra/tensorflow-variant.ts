/** The TensorFlow library that set-up chose for this clone (infra/setup/variant.mjs). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './toolchain';

/** @returns gpu for the CUDA library, after `npm run setup -- --gpu` */
export function tensorflowVariant(): 'cpu' | 'gpu' {
  const path = join(repositoryRoot, '.ced', 'tensorflow-variant');
  return existsSync(path) && readFileSync(path, 'utf8').trim() === 'gpu' ? 'gpu' : 'cpu';
}
