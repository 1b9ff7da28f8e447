/**
 * Error messages for users: one line that names the thing and the remedy. Only an invalid run file
 * takes more lines, one per problem. The type that Temporal shows (`RunFileInvalid`,
 * `CorpusInvalid`, …) comes first, so that it can be looked up.
 */
import { createRequire } from 'node:module';
import { guardTerminal } from '../infra/command-line/terminal';
import { asTypedHere } from '../infra/package-root';
import { oneLine } from './one-line';
import { endOutput, isClosedOutput } from './standard-output';
import { UsageError } from '../infra/command-line/usage-error';

const load = createRequire(__filename);

/** @returns the message of any error, printed behind `error: ` */
export function describeFailure(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  // Temporal's client takes longer to load than most commands take to run.
  const { rootFailure, statedFailure } = load('./temporal-failure') as TemporalFailure;
  const cause = rootFailure(error);
  const stated = statedFailure(cause);
  if (typeof stated === 'string') return stated;
  if (stated !== null) return withProblems(stated.type, stated.message);
  if (cause instanceof UsageError) return cause.message;
  const { message } = error as { message?: unknown };
  return typeof message === 'string' ? oneLine(message) : String(error);
}

type TemporalFailure = typeof import('./temporal-failure');

/** The message of an invalid run file, the same from this command as from the workflow. */
export function runFileInvalid(problems: readonly string[]): string {
  return withProblems('RunFileInvalid', ['the run file is invalid:', ...problems].join('\n'));
}

/**
 * Runs a program; then exits with its status, or with 1 and one line when it throws or its output
 * was lost.
 */
export function runProgram(program: (argv: string[]) => Promise<number>): void {
  guardTerminal();
  whole(program).then(
    (status) => process.exit(status),
    (error: unknown) => {
      process.stderr.write(`error: ${asTypedHere(describeFailure(error))}\n`);
      process.exit(1);
    },
  );
}

async function whole(program: (argv: string[]) => Promise<number>): Promise<number> {
  const status = await program(process.argv.slice(2));
  await endOutput().catch((error: unknown) => {
    if (!isClosedOutput(error)) throw error;
  });
  return status;
}

function withProblems(type: string, message: string): string {
  if (type !== 'RunFileInvalid') return `${type}: ${oneLine(message)}`;
  const [first = '', ...problems] = message.split('\n');
  return [`${type}: ${first}`, ...problems.map((problem) => `  ${problem}`)].join('\n');
}
