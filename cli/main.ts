/** The `ced` command. It loads a subcommand only to run it: some load TensorFlow. */
import { createRequire } from 'node:module';
import { softwareVersions } from '../activities/publish/software-versions';
import type { Command } from './command';
import { didYouMean } from '../infra/command-line/similar-name';
import { UsageError } from '../infra/command-line/usage-error';
import { runProgram } from './failure';

const load = createRequire(__filename);

/** A subcommand and its module, which exports `command`. */
const modules: Readonly<Record<string, string>> = {
  champion: './store/champion',
  corpus: './corpus/corpus',
  export: './models/export',
  init: './corpus/init',
  logits: './store/logits',
  plan: './run/plan',
  store: './store/store',
  tag: './models/tag',
  watch: './run/watch',
};

/**
 * @returns exit code.
 * @throws {UsageError} for an unknown subcommand, and the errors of the subcommand
 */
export async function ced(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--version' || name === '-V') {
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
  const path = modules[name];
  if (path === undefined)
    throw new UsageError(
      `ced ${name}: no such command${didYouMean(name, names())}, expected one of ` +
        `${names().join(', ')}; see ced --help`,
    );
  return (load(path) as { command: Command }).command;
}

function names(): string[] {
  return Object.keys(modules).sort();
}

function overview(): string {
  const width = Math.max(...names().map((name) => name.length));
  const lines = names().map((name) => `  ${name.padEnd(width)}   ${commandNamed(name).summary}`);
  return [
    'ced COMMAND [options]',
    '',
    ...lines,
    '',
    'ced help COMMAND or ced COMMAND --help explains one; ced --version prints the version.',
    'Each command has --help and --json. Start runs with the Temporal CLI or with npm start.',
  ].join('\n');
}

if (require.main === module) runProgram(ced);
