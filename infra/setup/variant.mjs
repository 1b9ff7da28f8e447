// Which TensorFlow library this clone uses: CUDA after `npm run setup -- --gpu`, the CPU's after
// `--cpu` or by default. The choice is kept for later starts.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `gpu` is true, false, or undefined for "as before". */
export function chosenVariant(root, gpu) {
  const path = join(root, '.ced', 'tensorflow-variant');
  if (gpu === undefined) return existsSync(path) ? readFileSync(path, 'utf8').trim() : 'cpu';
  mkdirSync(join(root, '.ced'), { recursive: true });
  const variant = gpu ? 'gpu' : 'cpu';
  writeFileSync(path, `${variant}\n`);
  return variant;
}
