// Pythons with pyarrow and DuckDB, or with TensorBoard's reader, for the tests that show our files
// to readers which share no code with us. Nothing at run time needs them. The packages go into a
// folder of their own and a small script starts Python with them: no virtual environment, which
// Debian packages apart from Python.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, needPip } from './tools.mjs';

// Lower bounds, not versions: the newest numpy leaves out the Pythons of older distributions, and
// the formats must be readable by any of them.
const packages = ['numpy>=1.26', 'pyarrow>=17', 'duckdb>=1.1'];
const interpreter = `#!/bin/sh
PYTHONPATH="$(dirname "$0")/packages" exec python3 "$@"
`;

/** Returns the path of the interpreter. */
export async function installPythonReaders(report) {
  const what = 'pyarrow and DuckDB, which some tests read our files with (400 MB)';
  return await pythonWith(
    `python-readers-${shortHash(packages.join(), interpreter)}`,
    report,
    what,
    packages,
  );
}

// TensorBoard's reader of event files, Prometheus' parser and Grafana's schema. Without their own
// dependencies: of TensorBoard that would be a server.
const monitors = [
  'numpy>=1.26',
  'tensorboard>=2.17',
  'protobuf>=5',
  'absl-py>=2',
  'prometheus-client>=0.20',
  'grafana-foundation-sdk',
];

/** The same for what watches runs. */
export async function installPythonMonitors(report) {
  const what =
    "TensorBoard's reader, Prometheus' parser and Grafana's schema, which some tests show our output to (60 MB)";
  return await pythonWith(
    `python-monitors-${shortHash(monitors.join(), interpreter)}`,
    report,
    what,
    monitors,
    ['--no-deps'],
  );
}

async function pythonWith(name, report, what, requirements, more = []) {
  const entry = await cached(name, report, async (folder) => {
    needPip();
    report(`installing ${what}`);
    const options = [
      '--quiet',
      '--disable-pip-version-check',
      '--only-binary=:all:',
      '--target',
      join(folder, 'packages'),
      ...more,
    ];
    await execute('Installing Python packages', 'python3', [
      '-m',
      'pip',
      'install',
      ...options,
      ...requirements,
    ]);
    writeFileSync(join(folder, 'python'), interpreter);
    chmodSync(join(folder, 'python'), 0o755);
  });
  return join(entry, 'python');
}
