// Prepares everything that the project depends on, once. `npm run setup` and every npm script call
// it. Steps need no npm packages until the first step has installed them.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBrowser } from './browser.mjs';
import { cacheFolder, makeCacheFolder } from './cache.mjs';
import { compile } from './compile.mjs';
import { renderDemoCorpus } from './demo-corpus.mjs';
import { installDieWithParent } from './die-with-parent.mjs';
import { installManifestCheck } from './manifests.mjs';
import { installNodePackages } from './node-packages.mjs';
import { installPartPackages } from './part-packages.mjs';
import { startProgress } from './progress.mjs';
import {
  installPythonLiteRt,
  installPythonMonitors,
  installPythonReaders,
} from './python-readers.mjs';
import { installTeacherPackages } from './python-teacher.mjs';
import { installS3Server, installStorageEmulator } from './storage.mjs';
import { installTemporal } from './temporal.mjs';
import { installTensorflow } from './tensorflow.mjs';
import { checkNode } from './tools.mjs';
import { chosenVariant } from './variant.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * Parts for users. There are more: `storage` for the emulator and tests, `s3`, `readers`,
 * `litert`, `manifests`, `monitors`, `teacher` and `browser` for tests only.
 */
export const allParts = ['tensorflow', 'onnx', 'temporal', 'demo'];

/**
 * Brings this clone, or this installed package, up to date and writes `.ced/toolchain.json` for the
 * programs to read.
 * @param {{ parts?: string[], gpu?: boolean, quiet?: boolean, build?: boolean }} options quiet:
 *   say nothing about steps that had nothing to do; build: compile what is in this clone
 */
export async function setUp({ parts = allParts, gpu, quiet = false, build = true } = {}) {
  checkNode();
  makeCacheFolder();
  const variant = chosenVariant(root, gpu);
  const step = startProgress(quiet);
  const toolchain = { cache: cacheFolder };
  await step('Node packages', (report) => installNodePackages(root, report));
  if (parts.includes('tensorflow'))
    await step(`TensorFlow (${variant})`, (report) => installTensorflow(root, variant, report));
  if (parts.includes('onnx'))
    await step('onnxruntime', (report) => installPartPackages(root, 'onnx', report));
  if (parts.includes('temporal'))
    await step(
      'Temporal server',
      async (report) => (toolchain.temporal = await installTemporal(root, report)),
    );
  if (parts.includes('storage'))
    await step(
      'storage emulator',
      async (report) => (toolchain.storage = await installStorageEmulator(root, report)),
    );
  if (parts.includes('s3'))
    await step(
      'S3 server',
      async (report) => (toolchain.s3Server = await installS3Server(root, report)),
    );
  if (parts.includes('temporal') || parts.includes('storage'))
    await step(
      'die-with-parent',
      async (report) => (toolchain.dieWithParent = await installDieWithParent(report)),
    );
  if (parts.includes('readers'))
    await step(
      'Python readers',
      async (report) => (toolchain.pythonReaders = await installPythonReaders(report)),
    );
  if (parts.includes('litert'))
    await step(
      'LiteRT',
      async (report) => (toolchain.pythonLiteRt = await installPythonLiteRt(report)),
    );
  if (parts.includes('manifests'))
    await step(
      'checker of manifests',
      async (report) => (toolchain.manifestCheck = await installManifestCheck(root, report)),
    );
  if (parts.includes('monitors'))
    await step(
      'Python monitors',
      async (report) => (toolchain.pythonMonitors = await installPythonMonitors(report)),
    );
  if (parts.includes('teacher'))
    await step(
      'packages of ced-teacher',
      async (report) => (toolchain.pythonTeacher = await installTeacherPackages(root, report)),
    );
  if (parts.includes('browser'))
    await step('browser', async (report) => (toolchain.browser = await findBrowser(report)));
  const hasWorker = parts.includes('tensorflow');
  if (build) await step('TypeScript', (report) => compile(root, hasWorker, report));
  if (parts.includes('demo'))
    await step(
      'demo corpus',
      async (report) => (toolchain.demoCorpus = await renderDemoCorpus(root, report)),
    );
  remember(toolchain);
}

/** Merges the paths into those of earlier set-ups of other parts. */
function remember(found) {
  const path = join(root, '.ced', 'toolchain.json');
  const text = `${JSON.stringify({ ...recall(path), ...found }, null, 2)}\n`;
  mkdirSync(join(root, '.ced'), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

function recall(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}
