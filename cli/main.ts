/** The `ced` command. It loads a subcommand only to run it: some load TensorFlow. */
import { createRequire } from 'node:module';
import type { Command } from './command';
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
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? 1 : 0;
  }
  return await commandNamed(name).run(rest);
}

function commandNamed(name: string): Command {
  const path = modules[name];
  if (path === undefined)
    throw new UsageError(
      `ced ${name}: no such command, expected one of ${names().join(', ')}; see ced --help`,
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
    'Each command has --help and --json. Start runs with the Temporal CLI or with npm start.',
  ].join('\n');
}

if (require.main === module) runProgram(ced);
