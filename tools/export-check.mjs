// `npm run export-check`: exported models in the libraries they are written for, which CI does not
// install.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import {
  installPythonExportReaders,
  installTransformersJs,
} from '../infra/setup/export-readers.mjs';
import { installPyTorch } from '../infra/setup/pytorch.mjs';
import { root, setUp } from '../infra/setup/setup.mjs';
import { SetupError } from '../infra/setup/tools.mjs';

const help = `npm run export-check

Exports small models of every pooling and lets Python's transformers, sherpa-onnx and
transformers.js tag clips of a second, a window and several windows. Prints the largest difference
from our engine's probabilities; fails where one is larger than expected. Installs the libraries
(800 MB) and PyTorch (3 GB) once.

Example:
  npm run export-check`;

async function exportCheck([option]) {
  if (option === '--help' || option === '-h') return console.log(help);
  if (option !== undefined) throw new SetupError(`${option}: expected no options`);
  await setUp({ parts: ['tensorflow'], quiet: true });
  const report = (line) => console.error(line);
  const pythons = [await installPythonExportReaders(report), await installPyTorch(report)];
  const transformersJs = await installTransformersJs(report);
  const environment = {
    PYTHONPATH: pythons.map((path) => join(dirname(path), 'packages')).join(delimiter),
    PYTHONDONTWRITEBYTECODE: '1',
    HF_HUB_OFFLINE: '1',
  };
  const folder = mkdtempSync(join(tmpdir(), 'ced-export-check-'));
  const checks = join(root, 'tools', 'export-check');
  const steps = [
    [process.execPath, join(root, 'dist/tools/export-check/main.js'), folder],
    ['python3', join(checks, 'check.py'), folder],
    [process.execPath, join(checks, 'check.mjs'), folder, transformersJs],
  ];
  try {
    for (const [program, ...args] of steps) {
      const env = { ...process.env, ...environment, HF_HOME: join(folder, 'hub') };
      const { status } = spawnSync(program, args, { stdio: 'inherit', env });
      if (status !== 0) process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await exportCheck(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
