/**
 * `ced export --to web`: a folder that any static server shows as a page, which tags the microphone
 * or a recording in the browser. It loads nothing from elsewhere.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onnxModel, type OnnxOptions } from '../../../ced/onnx/model-graph';
import { UsageError } from '../../../infra/command-line/usage-error';
import { jsonText } from '../../print-json';
import type { ExportedModel } from './exported-model';
import { labelsFile } from './labels-file';
import type { FolderFiles } from '../../whole-file';

/** They lie beside this code, in the sources and in `dist/`. */
const PAGE = [
  'index.html',
  'style.css',
  'page.js',
  'audio.js',
  'spectrogram.js',
  'microphone.js',
  'microphone-worklet.js',
  'tagger.js',
  'tagger-worker.js',
];

/** Servers that know no `.mjs` send it as bytes, which browsers refuse: modules end in `.js`. */
const RUNTIME = {
  'ort/ort.wasm.min.js': 'ort.wasm.min.mjs',
  'ort/ort-wasm-simd-threaded.js': 'ort-wasm-simd-threaded.mjs',
  'ort/ort-wasm-simd-threaded.wasm': 'ort-wasm-simd-threaded.wasm',
};

export async function webFiles(
  { config, weights, thresholds }: ExportedModel,
  precision: OnnxOptions['precision'],
): Promise<FolderFiles> {
  const own = (name: string): Promise<Buffer> => readFile(join(__dirname, 'web', name));
  const runtime = runtimeFolder();
  const files: Record<string, Uint8Array | string> = {};
  for (const name of PAGE) files[name] = await own(name);
  for (const [name, source] of Object.entries(RUNTIME))
    files[name] = await readFile(join(runtime, source));
  files['ort/LICENSE.txt'] = await own('onnxruntime-licence.txt');
  files['model.onnx'] = onnxModel(config, weights, { precision, thresholds });
  files['labels.json'] = jsonText(labelsFile(config, thresholds));
  return files;
}

/** @throws {UsageError} where the package, which is optional, was left out */
function runtimeFolder(): string {
  try {
    return dirname(require.resolve('onnxruntime-web/wasm'));
  } catch {
    throw new UsageError('--to web: needs onnxruntime-web: npm install --include=optional');
  }
}
