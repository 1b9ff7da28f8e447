/** `npm run leaderboard`: adds a finished run to the leaderboard of docs/results.md. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { runProgram } from '../../cli/failure';
import { commandLine } from '../../infra/command-line/command-line';
import { UsageError } from '../../infra/command-line/usage-error';
import { repositoryRoot } from '../../infra/toolchain';
import { decodeRecord } from '../../storage/record';
import { resultRecord } from '../../storage/run-result';
import { entryOf, leaderboardFile, readLeaderboard, withLeaderboard } from './leaderboard';

const line = commandLine({
  program: 'npm run leaderboard',
  usage: '[RESULT]',
  about: [
    'Adds a finished run to docs/results/leaderboard.jsonl and writes the leaderboard of ' +
      'docs/results.md: minutes from an empty store to a student with at least 95 % of the eval ' +
      "mAP of its ensemble, with this clone's commit and this machine, which must have made the " +
      'run. Without a RESULT it only writes the table.',
  ],
  operands: {
    rows: { RESULT: 'result.json of a run: STORE/runs/NAME/result.json' },
    expected: 'at most one result',
    least: 0,
    most: 1,
  },
  options: {},
  examples: ['npm run leaderboard -- runs/instruments/runs/instruments/result.json'],
});

runProgram(
  async (argv) =>
    await line.run(argv, async ({ operands: [file] }) => {
      const docs = join(repositoryRoot, 'docs');
      if (file !== undefined) add(docs, resolve(file));
      const page = join(docs, 'results.md');
      const entries = readLeaderboard(docs);
      writeFileSync(page, withLeaderboard(readFileSync(page, 'utf8'), entries));
      process.stdout.write(`${entries.length} runs in docs/results.md\n`);
      return 0;
    }),
);

function add(docs: string, file: string): void {
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!docs');
  if (changed !== '')
    throw new UsageError('this clone has changes outside docs/ that no commit contains');
  const [commit = '', date = ''] = git('log', '-1', '--format=%h %cs').split(' ');
  const machine = `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'unknown'}`;
  const { value } = decodeRecord({ uri: '.' }, file, resultRecord, readFileSync(file));
  const entry = entryOf(value, { commit, date, machine });
  appendFileSync(leaderboardFile(docs), `${JSON.stringify(entry)}\n`);
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: repositoryRoot, encoding: 'utf8' }).trim();
}
