// A Python with pyarrow and DuckDB, for the tests that show our files to readers which share no code with us. Nothing at run time needs it.
// The packages go into a folder of their own and a small script starts Python with them: no virtual environment, which Debian packages apart from Python.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, needPip } from './tools.mjs';

// Lower bounds, not versions: the newest numpy leaves out the Pythons of older distributions, and the formats must be readable by any of them.
const packages = ['numpy>=1.26', 'pyarrow>=17', 'duckdb>=1.1'];
const interpreter = `#!/bin/sh
PYTHONPATH="$(dirname "$0")/packages" exec python3 "$@"
`;

/** Returns the path of the interpreter. */
export async function installPythonReaders(report) {
  const entry = await cached(`python-readers-${shortHash(packages.join(), interpreter)}`, report, async (folder) => {
    needPip();
    report('installing pyarrow and DuckDB, which some tests read our files with (400 MB)');
    const target = join(folder, 'packages');
    const options = ['--quiet', '--disable-pip-version-check', '--only-binary=:all:', '--target', target];
    await execute('Installing pyarrow and DuckDB', 'python3', ['-m', 'pip', 'install', ...options, ...packages]);
    writeFileSync(join(folder, 'python'), interpreter);
    chmodSync(join(folder, 'python'), 0o755);
  });
  return join(entry, 'python');
}
