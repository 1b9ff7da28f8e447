// The entry of every npm script and of `npx ced`: sets up the parts that a program needs, then runs
// it in this process. (Package hooks like `prestart` are off: see .npmrc.)
// usage: node infra/run.mjs PROGRAM [arguments…]
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireGpu } from './setup/gpus.mjs';
import { allParts, root, setUp } from './setup/setup.mjs';
import { SetupError } from './setup/tools.mjs';

/**
 * Compiled program, the parts of set-up it needs, and the module whose `check` refuses arguments
 * before the minutes that these parts may take.
 */
const programs = {
  start: {
    file: 'cli/run/start.js',
    parts: ['tensorflow', 'temporal', 'demo'],
    check: 'cli/run/check-start.js',
  },
  teach: {
    file: 'cli/run/teach.js',
    parts: ['tensorflow', 'temporal', 'demo'],
    check: 'cli/run/check-teach.js',
  },
  ced: { file: 'cli/main.js', parts: [] },
  worker: {
    file: 'workers/main.js',
    parts: ['tensorflow'],
    check: 'workers/check-worker.js',
  },
  codec: { file: 'workers/payloads/codec-server.js', parts: [] },
  schedule: { file: 'cli/run/schedule.js', parts: ['temporal'] },
  server: { file: 'infra/server-command.js', parts: ['temporal'] },
  storage: { file: 'tools/storage-command.js', parts: ['storage'] },
  bench: { file: 'bench/main.js', parts: ['tensorflow', 'temporal', 'demo'] },
  fuzz: { file: 'tools/fuzz/main.js', parts: [] },
  chaos: { file: 'test/chaos/main.js', parts: ['tensorflow', 'temporal', 'storage', 's3'] },
  'teacher-check': { file: 'tools/teacher-check/main.js', parts: [] },
  study: { file: 'tools/study/main.js', parts: ['tensorflow', 'temporal', 'demo'] },
  'own-classes': {
    file: 'tools/own-classes/main.js',
    parts: ['tensorflow', 'temporal', 'demo'],
  },
  corpora: { file: 'tools/corpora/main.js', parts: ['tensorflow', 'temporal'] },
  leaderboard: { file: 'tools/leaderboard/main.js', parts: [] },
  soak: { file: 'tools/soak/main.js', parts: ['tensorflow'] },
  docs: { file: 'tools/write-documents.js', parts: [] },
};

/** Programs that `ced` runs by their names, beside its own commands (cli/main.ts). */
const programsOfCed = ['start', 'teach', 'worker', 'server', 'schedule', 'codec'];

/** Parts that its commands compute with: TensorFlow, or onnxruntime to time and score a file. */
export function partsOfCommand(name, args) {
  if (name === 'tag' || name === 'embed') return ['tensorflow'];
  const runsFile = args.some((arg) => /^--(?:int8|eval(?:=.*)?)$/s.test(arg));
  return name === 'export' && runsFile ? ['onnx'] : [];
}

/** Options of set-up: for the help text, for parsing, and for completion (cli/completion/). */
export const setupTable = {
  gpu: {
    help:
      "use TensorFlow's CUDA library, with the nvidia libraries it needs (3 GB more;\n" +
      'untested so far); later starts keep this choice. Fails where no GPU is visible',
  },
  'allow-cpu': { help: 'with --gpu: warn where no GPU is visible, and go on' },
  cpu: { help: 'go back to the CPU library (the default)' },
  parts: {
    value: 'P,…',
    is: {},
    help: `only these parts and the packages: ${allParts.join(', ')}`,
  },
  'no-build': {
    help: 'compile no TypeScript: for the first layers of a container image, without sources',
  },
  quiet: { help: 'print only steps that do something' },
};

const setupHelp = `npm run setup -- [options]     (in a project: npx ced setup [options])

Prepares this clone, or this installed package: Node packages, TensorFlow and its binding, the
Temporal server, onnxruntime, compiled TypeScript, the demo's audio. Results of long steps are
kept in $CED_CACHE (default ~/.cache/ced-distillation), shared between clones and not made again.

${Object.entries({ ...setupTable, help: { help: 'print this text' } })
  .map(([name, { value, help }]) => {
    const option = `--${name}${value === undefined ? '' : ` ${value}`}`;
    return `  ${option.padEnd(12)} ${help.replaceAll('\n', `\n${' '.repeat(15)}`)}`;
  })
  .join('\n')}

Examples:
  npm run setup
  npm run setup -- --gpu --parts tensorflow`;

export async function run(program, args) {
  try {
    if (program === 'setup') return await setup(args);
    if (program === 'test') return await test(args);
    if (program === 'ced') return await ced(args);
    const target = programs[program];
    if (target === undefined)
      throw new SetupError(
        `unknown program ${program}: one of setup, test, ${Object.keys(programs).join(', ')}`,
      );
    await start(target, args, target.parts);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  }
}

async function start({ file, check }, args, parts) {
  const asksForHelp = args.includes('--help') || args.includes('-h');
  if (check !== undefined && !asksForHelp && parts.length > 0) {
    await setUp({ parts: [], quiet: true });
    checkArguments(join(root, 'dist', check), args);
  }
  await setUp({ parts: asksForHelp ? [] : partsFor(parts, args), quiet: true });
  become(join(root, 'dist', file), args);
}

/** @throws {SetupError} with the message that the program would end with */
function checkArguments(module, args) {
  try {
    Module.createRequire(import.meta.url)(module).check(args);
  } catch (error) {
    throw new SetupError(error.message, { cause: error });
  }
}

async function ced(args) {
  const [name, ...rest] = args;
  const helped = name === 'help' ? rest[0] : undefined;
  const program = helped ?? name;
  const own = helped === undefined ? rest : ['--help'];
  if (program === 'setup') return await setup(own);
  if (program === 'temporal') return await temporal(own);
  if (programsOfCed.includes(program)) return await run(program, own);
  await start(programs.ced, args, partsOfCommand(name, rest));
}

/** The Temporal CLI that set-up found or built, as if it were on the PATH. */
async function temporal(args) {
  await setUp({ parts: ['temporal'], build: false, quiet: true });
  const { temporal: cli } = JSON.parse(readFileSync(join(root, '.ced', 'toolchain.json'), 'utf8'));
  const child = spawn(cli, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  process.exitCode = (await new Promise((resolve) => child.once('close', resolve))) ?? 1;
}

/** Without the demo's audio where `--run` names a file that does not read it. */
export function partsFor(parts, args) {
  const at = args.findLastIndex((word) => word === '--run' || word.startsWith('--run='));
  if (at < 0) return parts;
  const file = args[at] === '--run' ? args[at + 1] : args[at].slice('--run='.length);
  if (file === undefined || !existsSync(file)) return parts;
  return readsDemo(file) ? parts : parts.filter((part) => part !== 'demo');
}

/** As cli/run/demo-corpus.ts decides: a corpus elsewhere may have the demo's name in its path. */
function readsDemo(runFile) {
  const { corpus } = JSON.parse(readFileSync(runFile, 'utf8'));
  return Object.values(corpus).some(
    (table) => typeof table === 'string' && table.startsWith('data/instruments'),
  );
}

async function setup(args) {
  const own = Object.entries(setupTable).map(([name, { value }]) => [
    name,
    { type: value === undefined ? 'boolean' : 'string' },
  ]);
  const help = { type: 'boolean', short: 'h' };
  const values = optionsOf(args, { ...Object.fromEntries(own), help });
  if (values.help) return console.log(setupHelp);
  const parts = values.parts?.split(',') ?? allParts;
  const unknown = parts.find((part) => !allParts.includes(part));
  if (unknown !== undefined)
    throw new SetupError(
      `--parts ${unknown}: expected ${allParts.join(', ')}${didYouMean(unknown, allParts)}`,
    );
  if (values.gpu && values.cpu) throw new SetupError('--gpu --cpu: expected one of them');
  if (values['allow-cpu'] && !values.gpu) throw new SetupError('--allow-cpu goes with --gpu');
  if (values.gpu) requireGpu(values['allow-cpu'] === true);
  const gpu = values.gpu ? true : values.cpu ? false : undefined;
  await setUp({ parts, gpu, build: values['no-build'] !== true, quiet: values.quiet === true });
}

function optionsOf(args, options) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    const [said] = error.message.split('. ');
    const names = Object.keys(options).map((name) => `--${name}`);
    const meant = didYouMean(/'(--[\w-]+)'/.exec(said)?.[1] ?? '', names);
    throw new SetupError(`${said}${meant}; see npm run setup -- --help`);
  }
}

/** The advice of our other commands, which a clone does not have before it is compiled. */
function didYouMean(given, names) {
  const module = join(root, 'dist/infra/command-line/similar-name.js');
  return existsSync(module) ? Module.createRequire(module)(module).didYouMean(given, names) : '';
}

/** Runs the program in this very process, so that signals and exit codes are its own. */
function become(file, args) {
  if (!existsSync(file)) throw new SetupError(`${file} does not exist`);
  // `require` of an ESM-only package is stable in Node 22; Node 20.19 warns.
  const flags = ['--disable-warning=ExperimentalWarning', '--enable-source-maps'];
  // for the processes it starts
  process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, ...flags].filter(Boolean).join(' ');
  process.setSourceMapsEnabled(true);
  process.removeAllListeners('warning').on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') console.error(warning.stack);
  });
  process.argv = [process.argv[0], file, ...args];
  Module.runMain();
}

/** Runs Jest, then prints a last line for programs: `12 passed, 0 failed`. */
async function test(args) {
  await setUp({
    parts: [
      'tensorflow',
      'temporal',
      'storage',
      's3',
      'readers',
      'litert',
      'manifests',
      'monitors',
      'teacher',
      'browser',
    ],
    quiet: true,
  });
  const results = join(root, '.ced', `test-results-${process.pid}.json`);
  const jest = [
    join(root, 'node_modules/jest/bin/jest.js'),
    '--json',
    `--outputFile=${results}`,
    ...args,
  ];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...jest], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((resolve) => child.once('close', resolve));
  process.exitCode = code ?? 1;
  if (!existsSync(results)) return;
  const { numPassedTests, numPendingTests, testResults } = JSON.parse(
    readFileSync(results, 'utf8'),
  );
  rmSync(results);
  // A test file that fails outside its tests (it does not compile, a hook throws) counts as one.
  const failures = testResults.map(
    ({ status, assertionResults }) =>
      assertionResults.filter((test) => test.status === 'failed').length ||
      (status === 'failed' ? 1 : 0),
  );
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
  const failed = failures.reduce((sum, count) => sum + count, 0);
  console.log(`\n${numPassedTests} passed, ${failed} failed${skipped}`);
}

const [program, ...args] = process.argv.slice(2);
if (realpathSync(process.argv[1] ?? '.') === join(root, 'infra', 'run.mjs'))
  await run(program ?? '', args);
