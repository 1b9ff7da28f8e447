/** The `ced` command: finds its subcommands in `commands/`, so that one more is one more file. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, parse } from 'node:path';
import type { Command } from './command';
import { describeFailure, UsageError } from './failure';

const load = createRequire(__filename);
const folder = join(__dirname, 'commands');

/** @returns exit code. @throws what the subcommand throws, and {UsageError} for one that does not exist */
export async function ced(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? 1 : 0;
  }
  const command = commandNamed(name);
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`${command.help}\n`);
    return 0;
  }
  return await command.run(rest);
}

function commandNamed(name: string): Command {
  if (!names().includes(name)) throw new UsageError(`ced ${name}: no such command, expected one of ${names().join(', ')}; see ced --help`);
  return (load(join(folder, name)) as { command: Command }).command;
}

function names(): string[] {
  const modules = readdirSync(folder).filter((file) => /(?<!\.d)\.[jt]s$/.test(file));
  return modules.map((file) => parse(file).name).sort();
}

function overview(): string {
  const width = Math.max(...names().map((name) => name.length));
  const lines = names().map((name) => `  ${name.padEnd(width)}   ${commandNamed(name).summary}`);
  return [
    'ced COMMAND [options]',
    '',
    ...lines,
    '',
    'Each command has --help and --json. Runs themselves are started with the Temporal CLI, or with npm start.',
  ].join('\n');
}

if (require.main === module)
  ced(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`error: ${describeFailure(error)}\n`);
      process.exit(1);
    },
  );
