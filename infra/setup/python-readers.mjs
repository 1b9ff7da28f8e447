// Pythons with pyarrow and DuckDB, or with TensorBoard's reader, for tests that read our files with
// independent readers. Nothing at run time needs them. The packages are in a folder of their own
// and a small script starts Python with them: Debian packages virtual environments apart from
// Python.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { execute, needPip } from './tools.mjs';

// Lower bounds, not versions: the newest numpy does not support the Pythons of older distributions,
// and every version must read the formats.
export const readerPackages = ['numpy>=1.26', 'pyarrow>=17', 'duckdb>=1.1'];
const interpreter = `#!/bin/sh
PYTHONPATH="$(dirname "$0")/packages" exec python3 "$@"
`;

/** Returns the path of the interpreter. */
export async function installPythonReaders(report) {
  const what = 'pyarrow and DuckDB, which some tests read our files with (400 MB)';
  return await pythonWith(
    `python-readers-${shortHash(readerPackages.join(), interpreter)}`,
    report,
    what,
    readerPackages,
  );
}

// TensorBoard's reader of event files, Prometheus' parser and Grafana's schema, without their
// dependencies: TensorBoard's include a server.
export const monitorPackages = [
  'numpy>=1.26',
  'tensorboard>=2.17',
  'protobuf>=5',
  'absl-py>=2',
  'prometheus-client>=0.20',
  'grafana-foundation-sdk',
];

/** Returns the path of an interpreter with the packages of monitoring systems. */
export async function installPythonMonitors(report) {
  const what =
    "TensorBoard's reader, Prometheus' parser and Grafana's schema, which some tests show our " +
    'output to (60 MB)';
  return await pythonWith(
    `python-monitors-${shortHash(monitorPackages.join(), interpreter)}`,
    report,
    what,
    monitorPackages,
    ['--no-deps'],
  );
}

// LiteRT alone: its other dependencies are for the conversion of models.
export const liteRtPackages = ['numpy>=1.26', 'ai-edge-litert>=1.2'];

/** Returns the path of an interpreter with LiteRT and NumPy. */
export async function installPythonLiteRt(report) {
  return await pythonWith(
    `python-litert-${shortHash(liteRtPackages.join(), interpreter)}`,
    report,
    'LiteRT, which a test runs exported models in (100 MB)',
    liteRtPackages,
    ['--no-deps'],
  );
}

/**
 * @param requirements of pip, or options such as `-r FILE`
 * @returns the path of an interpreter that finds the packages
 */
export async function pythonWith(name, report, what, requirements, more = []) {
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
