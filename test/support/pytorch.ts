/**
 * PyTorch is 3 GB and only the benchmarks install it: where it is not, the tests that need it say
 * that they were left out.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pythonWithReaders } from '../../infra/toolchain';

interface PythonWithPyTorch {
  program: string;
  /** Makes pyarrow importable beside torch. */
  environment: NodeJS.ProcessEnv;
}

/**
 * `describe` where PyTorch is in the cache, else a test of that name is shown as skipped, with the
 * reason printed.
 */
export function describeWithPyTorch(
  name: string,
  tests: (python: PythonWithPyTorch) => void,
): void {
  const readers = dirname(pythonWithReaders());
  const cache = dirname(readers);
  const folder = readdirSync(cache).find(
    (entry) => /^pytorch-[0-9a-f]+$/.test(entry) && existsSync(join(cache, entry, 'python')),
  );
  if (folder !== undefined) {
    const packages = [join(cache, folder, 'packages'), join(readers, 'packages')].join(':');
    return describe(name, () =>
      tests({ program: 'python3', environment: { ...process.env, PYTHONPATH: packages } }),
    );
  }
  process.stderr.write(
    `left out: "${name}", because PyTorch is not in ${cache}; npm run bench installs it\n`,
  );
  describe.skip(name, () => tests({ program: '', environment: {} }));
}
