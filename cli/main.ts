/**
 * The `ced` command. It loads a subcommand only to run it: some load TensorFlow, or the clients of
 * Temporal and of clouds.
 */
import { createRequire } from 'node:module';
import type { Command } from './command';
import { didYouMean } from '../infra/command-line/similar-name';
import { UsageError } from '../infra/command-line/usage-error';
import { runProgram } from './failure';

const load = createRequire(__filename);

type Versions = typeof import('../activities/publish/software-versions');

/**
 * Subcommands: the module of each, which exports `command` and is loaded only to run it, and a line
 * for `ced --help`.
 */
const commands: Readonly<Record<string, { readonly module: string; readonly summary: string }>> = {
  champion: {
    module: './store/champion',
    summary: "show a champion's lineage, or roll back to the previous champion",
  },
  corpus: {
    module: './corpus/corpus',
    summary: 'check a corpus: clips, hours, labels, rejects',
  },
  embed: {
    module: './models/embed',
    summary: 'write the embeddings of audio files',
  },
  export: {
    module: './models/export',
    summary: 'write a model as ONNX, for other libraries, or as a web page',
  },
  init: {
    module: './corpus/init',
    summary: 'write a project (tables, splits, run files) for a dataset',
  },
  logits: {
    module: './store/logits',
    summary: 'show the logits of a store: rows, classes, teachers',
  },
  plan: {
    module: './run/plan',
    summary: 'estimate the cost of a run: shards, rows, bytes, hours',
  },
  report: {
    module: './store/report',
    summary: 'compare a run with an earlier one: models, classes, cost',
  },
  store: {
    module: './store/store',
    summary: 'show the space that a store takes, verify it, remove unreferenced objects',
  },
  tag: {
    module: './models/tag',
    summary: 'tag audio files with a model',
  },
  watch: {
    module: './run/watch',
    summary: 'show a run live, then its results',
  },
};

/** Programs that `npx ced` runs beside its own commands (infra/run.mjs), which has set-up first. */
const programs: Readonly<Record<string, string>> = {
  codec: 'decrypt payloads for the Web UI',
  schedule: 'retrain by a schedule',
  server: 'run the Temporal development server',
  setup: 'install what workers need: TensorFlow, the Temporal server, the demo',
  start: 'run the demo, or any run file, on this machine',
  teach: 'train teachers from labels',
  temporal: 'the Temporal CLI that set-up has',
  worker: 'run a worker',
};

/**
 * @returns exit code.
 * @throws {UsageError} for an unknown subcommand, and the errors of the subcommand
 */
export async function ced(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--version' || name === '-V') {
    const { softwareVersions } = load('../activities/publish/software-versions') as Versions;
    const { ced: own, node, temporal } = softwareVersions();
    process.stdout.write(`ced ${own} (Node ${node}, Temporal SDK ${temporal})\n`);
    return 0;
  }
  if (name === 'help' && rest[0] !== undefined) return await commandNamed(rest[0]).run(['--help']);
  if (name === undefined || ['help', '--help', '-h'].includes(name)) {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? 1 : 0;
  }
  return await commandNamed(name).run(rest);
}

function commandNamed(name: string): Command {
  const known = commands[name];
  if (known === undefined) {
    const all = [...names(), ...Object.keys(programs)].sort();
    if (name in programs) throw new UsageError(`ced ${name}: start it with npx ced ${name}`);
    throw new UsageError(
      `ced ${name}: no such command${didYouMean(name, all)}, expected one of ` +
        `${all.join(', ')}; see ced --help`,
    );
  }
  return (load(known.module) as { command: Command }).command;
}

function names(): string[] {
  return Object.keys(commands).sort();
}

function overview(): string {
  const all = [...names(), ...Object.keys(programs)];
  const width = Math.max(...all.map((name) => name.length));
  const lineOf = (name: string): string =>
    `  ${name.padEnd(width)}   ${commands[name]?.summary ?? programs[name]}`;
  return [
    'ced COMMAND [options]',
    '',
    ...names().map(lineOf),
    '',
    ...Object.keys(programs).map(lineOf),
    '',
    'ced help COMMAND or ced COMMAND --help explains one; ced --version prints the version.',
    'Each command has --help, those of the first list have --json.',
  ].join('\n');
}

if (require.main === module) runProgram(ced);
