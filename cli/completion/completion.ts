/** `ced completion SHELL`: the completion of commands, options and their values. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commandLine } from '../../infra/command-line/command-line';
import type { HelpedCommand } from '../../infra/command-line/help-text';
import { oneOf } from '../../infra/command-line/option';
import { UsageError } from '../../infra/command-line/usage-error';
import { repositoryRoot } from '../../infra/package-root';
import { SERVER_SPEC } from '../../infra/server-command';
import { CODEC_SPEC } from '../../workers/payloads/codec-server';
import { WORKER_SPEC } from '../../workers/worker-options';
import type { Command } from '../command';
import { commands, programs } from '../commands';
import { SCHEDULE_SPEC } from '../run/schedule-options';
import { START_SPEC, TEACH_SPEC } from '../run/start-options';
import { completedCommand, type CompletedCommand } from './completed-command';
import { SHELLS } from './shell-scripts';

const load = createRequire(__filename);
const shell = oneOf('bash', 'zsh', 'fish');

const line = commandLine({
  program: 'ced completion',
  usage: 'bash|zsh|fish [options]',
  about: [
    'Prints a script with which a shell completes the commands of ced, their options and the ' +
      'values of these. In a project of your own, `alias ced="npx ced"` gives it a command.',
  ],
  operands: {
    rows: { 'bash|zsh|fish': 'the shell' },
    expected: shell.expected,
    least: 1,
    most: 1,
  },
  options: {},
  examples: [
    'ced completion bash > ~/.local/share/bash-completion/completions/ced',
    'ced completion zsh > "${fpath[1]}/_ced"',
    'ced completion fish > ~/.config/fish/completions/ced.fish',
  ],
});

export const command: Command = {
  spec: line.spec,
  help: line.help,
  run: async (argv) =>
    await line.run(argv, async ({ operands }) => {
      const [given = ''] = operands;
      const name = shell.parse(given);
      if (name === undefined)
        throw new UsageError(`ced completion ${given}: expected ${shell.expected}`);
      process.stdout.write(SHELLS[name](await completedCommands()));
      return 0;
    }),
};

type Table = Pick<HelpedCommand, 'options' | 'operands'>;

/** Those without an entry have no table of ours. */
const PROGRAM_TABLES: Readonly<Record<string, Table>> = {
  codec: CODEC_SPEC,
  schedule: SCHEDULE_SPEC,
  server: SERVER_SPEC,
  start: START_SPEC,
  teach: TEACH_SPEC,
  worker: WORKER_SPEC,
};

async function completedCommands(): Promise<CompletedCommand[]> {
  const own = Object.entries(commands).map(([name, { module, summary }]) => {
    const { spec } = (load(`.${module}`) as { command: Command }).command;
    return completedCommand(name, summary, spec);
  });
  const setup = { ...PROGRAM_TABLES, setup: { options: await setupOptions() } };
  const others = Object.entries(programs).map(([name, summary]) =>
    completedCommand(name, summary, (setup as Record<string, Table>)[name] ?? { options: {} }),
  );
  return [...own, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Set-up runs before anything is compiled: its table is in plain JavaScript. */
async function setupOptions(): Promise<Table['options']> {
  const module = pathToFileURL(join(repositoryRoot, 'infra', 'run.mjs')).href;
  const { setupTable } = (await import(module)) as { setupTable: Table['options'] };
  return setupTable;
}
