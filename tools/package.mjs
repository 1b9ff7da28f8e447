// `npm run package`: compiles, writes the declarations of the package's entries, packs them with
// `npm pack`, and checks the tarball with publint and "Are the types wrong?".
// usage: node tools/package.mjs [--types] [--out FOLDER]
// --types writes the declarations alone.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root, setUp } from '../infra/setup/setup.mjs';
import { execute, SetupError } from '../infra/setup/tools.mjs';

const LARGEST_BYTES = 3_000_000;
const TYPES = join(root, 'dist', 'package', 'types');

try {
  const { values } = parseArgs({
    options: { types: { type: 'boolean' }, out: { type: 'string' } },
  });
  // Compiling clears dist/ of what it does not make, the declarations included.
  if (!values.types) await setUp({ parts: [], quiet: true });
  await writeTypes();
  if (!values.types) await pack(resolve(values.out ?? '.'));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

/** Declarations of the entries and of what they import; the compiler writes those of all rooms. */
async function writeTypes() {
  rmSync(TYPES, { recursive: true, force: true });
  await node('Writing declarations', 'node_modules/typescript/bin/tsc', [
    '-p',
    'tsconfig.package.json',
  ]);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = Object.values(exports).flatMap(({ types }) => (types ? join(root, types) : []));
  const reached = new Set();
  while (entries.length > 0) {
    const file = entries.pop();
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']*)'/g))
      entries.push(`${join(dirname(file), path)}.d.ts`);
  }
  for (const name of readdirSync(TYPES, { recursive: true })) {
    const file = join(TYPES, name);
    if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
  }
}

/** Prints the tarball's path, alone on its line. */
async function pack(out) {
  mkdirSync(out, { recursive: true });
  const args = ['pack', '--pack-destination', out, '--loglevel=error'];
  const filename = (await execute('Packing', 'npm', args, { cwd: root })).trim().split('\n').at(-1);
  const tarball = join(out, filename);
  const { size } = statSync(tarball);
  if (size > LARGEST_BYTES)
    throw new SetupError(`${tarball} has ${size} bytes, expected at most ${LARGEST_BYTES}`);
  await node('publint', 'node_modules/publint/src/cli.js', [tarball, '--strict', '--pack=false']);
  await node('attw', 'node_modules/@arethetypeswrong/cli/dist/index.js', [
    tarball,
    ...['--profile', 'node16', '--no-color', '--no-emoji'],
  ]);
  console.log(`${(size / 1e6).toFixed(2)} MB\n${tarball}`);
}

function node(purpose, program, args) {
  return execute(purpose, process.execPath, [join(root, program), ...args], { cwd: root });
}
