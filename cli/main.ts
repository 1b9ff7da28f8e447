/**
 * The `ced` command. It loads a subcommand only to run it: some load TensorFlow, or the clients of
 * Temporal and of clouds.
 */
import { createRequire } from 'node:module';
import type { Command } from './command';
import { commands, programs } from './commands';
import { didYouMean } from '../infra/command-line/similar-name';
import { UsageError } from '../infra/command-line/usage-error';
import { runProgram } from './failure';

const load = createRequire(__filename);

const HELP: readonly string[] = ['help', '--help', '-h'];

type Versions = typeof import('../activities/publish/software-versions');

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
  const helped = name === 'help' ? rest[0] : undefined;
  if (helped !== undefined && !HELP.includes(helped))
    return await commandNamed(helped).run(['--help']);
  if (name === undefined || HELP.includes(name)) {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? 1 : 0;
  }
  return await commandNamed(name).run(rest);
}

function commandNamed(name: string): Command {
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (known === undefined) {
    const all = [...names(), ...Object.keys(programs)].sort();
    if (Object.hasOwn(programs, name))
      throw new UsageError(`ced ${name}: start it with npx ced ${name}`);
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
    'Each command has --help, and --json where its output is more than text.',
  ].join('\n');
}

if (require.main === module) runProgram(ced);
