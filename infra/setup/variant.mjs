// The TensorFlow library of this clone: CUDA after `npm run setup -- --gpu`, the CPU's after
// `--cpu` and by default. Later starts keep the choice.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `gpu` is true, false, or undefined to keep the earlier choice. */
export function chosenVariant(root, gpu) {
  const path = join(root, '.ced', 'tensorflow-variant');
  if (gpu === undefined) return existsSync(path) ? readFileSync(path, 'utf8').trim() : 'cpu';
  mkdirSync(join(root, '.ced'), { recursive: true });
  const variant = gpu ? 'gpu' : 'cpu';
  writeFileSync(path, `${variant}\n`);
  return variant;
}
