import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../infra/toolchain';

/** The commands that the README of an example tells to paste, a line each. */
export function documentedCommands(example: string): string[] {
  const text = readFileSync(join(repositoryRoot, 'examples', example, 'README.md'), 'utf8');
  const [, commands = ''] = /```sh\n([\s\S]*?)```/.exec(text) ?? [];
  return commands.trim().split('\n');
}
