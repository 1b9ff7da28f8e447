// The libraries that read exported models, for `npm run export-check`: Python's transformers,
// sherpa-onnx and transformers.js. Nothing else needs them.
import { join } from 'node:path';
import { cached, shortHash } from './cache.mjs';
import { pythonWith } from './python-readers.mjs';
import { execute } from './tools.mjs';

export const exportReaderPackages = ['transformers==5.24.0', 'sherpa-onnx==1.13.8', 'numpy>=1.26'];
export const transformersJs = { name: '@huggingface/transformers', version: '4.3.2' };

/** Returns the path of an interpreter with the Python packages; PyTorch is not among them. */
export async function installPythonExportReaders(report) {
  return await pythonWith(
    `python-export-readers-${shortHash(exportReaderPackages.join())}`,
    report,
    'transformers and sherpa-onnx (320 MB)',
    exportReaderPackages,
  );
}

/** Returns the path of the module of transformers.js. */
export async function installTransformersJs(report) {
  const { name, version } = transformersJs;
  const entry = await cached(`transformers-js-${version}`, report, async (folder) => {
    report('installing transformers.js (480 MB)');
    await execute('Installing transformers.js', 'npm', [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-save',
      '--prefix',
      folder,
      `${name}@${version}`,
    ]);
  });
  return join(entry, 'node_modules', name, 'dist', 'transformers.node.mjs');
}
